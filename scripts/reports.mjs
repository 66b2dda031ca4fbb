// npm run reports: writes reports/ anew, one for each shipped scenario under seed 1, and a comparison where it has overlays.

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";

const answers = ["holds", "does not hold"];

function seatrial(...words) {
  return spawnSync(process.execPath, ["dist/src/cli/main.js", ...words, "--quiet"], { stdio: "inherit" }).status;
}

for (const name of readdirSync("scenarios").sort()) {
  const folder = `scenarios/${name}`;
  const statuses = [seatrial("run", folder)];
  if (existsSync(`${folder}/overlays`)) {
    const overlays = readdirSync(`${folder}/overlays`).sort();
    const words = overlays.flatMap((file) => ["--overlay", `${folder}/overlays/${file}`]);
    statuses.push(seatrial("compare", folder, ...words, "--out", "reports"));
  }
  console.log(name, answers[statuses[0]] ?? `ended with ${statuses[0]}`);
  if (statuses.some((status) => status > 1)) process.exitCode = 3;
}
