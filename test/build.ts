import { execFileSync } from "node:child_process";
import { cpSync } from "node:fs";
import { resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
/** The built code that tests of processes run: made anew for every run of the suite, beside the user's own `dist`. */
export const built = resolve(root, "node_modules/.cache/built");

export default function build(): void {
  execFileSync("npx", ["tsc", "-p", "tsconfig.build.json", "--outDir", built], { cwd: root, stdio: "inherit" });
  cpSync(resolve(root, "package.json"), resolve(built, "package.json"));
}
