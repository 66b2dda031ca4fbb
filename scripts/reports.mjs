// npm run reports: writes reports/ anew, one for each shipped scenario under seed 1.

import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";

for (const name of readdirSync("scenarios").sort()) {
  const { status } = spawnSync(process.execPath, ["dist/src/cli/main.js", "run", `scenarios/${name}`, "--quiet"], {
    stdio: "inherit",
  });
  console.log(name, status === 0 ? "holds" : status === 1 ? "does not hold" : `ended with ${status}`);
  if (status > 1) process.exitCode = status;
}
