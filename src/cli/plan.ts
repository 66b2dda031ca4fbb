import { Command } from "commander";
import { plan, workerThreads } from "../experiment/index.ts";
import { usdText } from "../report/index.ts";
import { readScenario } from "../scenario/index.ts";
import { exitCode } from "./exit-code.ts";
import { seedsFrom } from "./seeds.ts";

interface PlanOptions {
  readonly pool?: string;
  readonly least: string;
  readonly most: string;
  readonly seed: string;
  readonly seeds: string;
  readonly json?: boolean;
}

/** The smallest pool that keeps the promise. */
export function planCommand(): Command {
  return new Command("plan")
    .description("find the smallest fixed node pool that keeps every expectation under every seed")
    .argument("<scenario>")
    .option("--pool <name>", "which pool (default: the first)")
    .option("--least <machines>", "smallest size to try", "1")
    .option("--most <machines>", "largest size to try", "32")
    .option("--seed <seed>", "first seed", "1")
    .option("--seeds <count>", "how many seeds", "3")
    .option("--json", "print the answer as JSON on stdout and nothing else")
    .action(async (path: string, options: PlanOptions) => {
      const scenario = readScenario(path);
      const pool = options.pool ?? scenario.pools[0]!.name;
      const executor = workerThreads();
      const bounds = { least: Number(options.least), most: Number(options.most) };
      const answer = await plan(scenario, pool, bounds, seedsFrom(options.seed, Number(options.seeds)), executor);
      await executor.close();
      if (options.json === true) process.stdout.write(`${JSON.stringify(answer, undefined, 1)}\n`);
      else if (answer.machines === undefined)
        process.stdout.write(`Not even ${bounds.most} machines of ${pool} keep every expectation.\n`);
      else {
        process.stdout.write(
          `${answer.machines} machines of ${pool} keep every expectation over ${options.seeds} seeds, for ${usdText(answer.microUsd!)}.\n`,
        );
        if (answer.oneLess !== undefined)
          process.stdout.write(
            `One less fails under seed ${answer.oneLess.seed}: ${answer.oneLess.broken.join("; ")}.\n`,
          );
        process.stdout.write(`Tried: ${answer.tried.join(", ")}.\n`);
      }
      if (answer.machines === undefined) process.exitCode = exitCode.failed;
    });
}
