import { Command } from "commander";
import { readScenario } from "../scenario/index.ts";

export function validateCommand(): Command {
  return new Command("validate")
    .description("check a scenario and its manifests; every mistake is printed with its place, exit code 2")
    .argument("<scenario...>", "scenario files or folders")
    .action((paths: string[]) => {
      for (const path of paths) {
        const { name, objects, notSimulated } = readScenario(path);
        const accepted = notSimulated.map(({ kind, count }) => `${count} ${kind}`).join(", ");
        process.stdout.write(
          `${name}: valid, ${objects.length} objects${accepted === "" ? "" : `; accepted and not simulated: ${accepted}`}\n`,
        );
      }
    });
}
