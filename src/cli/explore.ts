import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Command } from "commander";
import { explore, faultText, loadExtensions } from "../experiment/index.ts";
import { readScenario, withFaults } from "../scenario/index.ts";
import { exitCode } from "./exit-code.ts";

interface ExploreOptions {
  readonly seed: string;
  readonly runs: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** Searches for faults that break something. */
export function exploreCommand(): Command {
  return new Command("explore")
    .description(
      "draw faults, times and delivery orders until an invariant breaks or the cluster does not heal; shrink what was found",
    )
    .argument("<scenario>")
    .option("--seed <seed>", "luck of the search and of its runs", "1")
    .option("--runs <count>", "how many runs", "50")
    .option("--json", "print the outcome as JSON on stdout and nothing else")
    .option("--quiet", "no progress")
    .action(async (path: string, options: ExploreOptions) => {
      const scenario = readScenario(path);
      const progress = (run: number): void => {
        if (options.quiet !== true) process.stderr.write(`\rrun ${run}`);
      };
      const { runs, failure } = explore(
        scenario,
        options.seed,
        Number(options.runs),
        await loadExtensions(scenario),
        progress,
      );
      if (options.quiet !== true) process.stderr.write("\n");
      if (options.json === true)
        process.stdout.write(`${JSON.stringify({ runs, failure: failure ?? null }, undefined, 1)}\n`);
      if (failure === undefined) {
        if (options.json !== true)
          process.stdout.write(`${runs} runs, no invariant broke, and every cluster healed.\n`);
        return;
      }
      const seconds = Math.max(0, ...failure.faults.map(({ atSeconds, forSeconds }) => atSeconds + forSeconds)) + 900;
      const faults = failure.faults.map((fault) => faultText(fault, scenario));
      const text = withFaults(path, faults, `${failure.deliveryJitterUs}us`, `${seconds}s`);
      // Beside the scenario, whose manifests and curves it needs.
      const folder = /\.ya?ml$/.test(path) ? dirname(path) : path;
      const file = join(folder, "found.yaml");
      writeFileSync(file, text);
      if (options.json !== true)
        process.stdout.write(
          `${failure.why}\nFound after ${runs} runs; replay it with: seatrial run ${file} --seed ${options.seed}\n`,
        );
      process.exitCode = exitCode.failed;
    });
}
