import { basename } from "node:path";
import CliTable from "cli-table3";
import { Command } from "commander";
import { type Comparison, compare, type Estimate, workerThreads } from "../experiment/index.ts";
import { readOverlaid, readScenario } from "../scenario/index.ts";
import { seedsFrom } from "./seeds.ts";

interface CompareOptions {
  readonly overlay: string[];
  readonly seed: string;
  readonly seeds: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** Policies side by side: scenarios, or one scenario and overlays of it, over the same seeds. */
export function compareCommand(): Command {
  return new Command("compare")
    .description("run scenarios, or overlays of one, over the same seeds and compare them with confidence intervals")
    .argument("<scenario...>", "the first is what the others are compared with")
    .option(
      "--overlay <file>",
      "a merge patch of the first scenario, as YAML; repeatable",
      (file: string, all: string[]) => [...all, file],
      [],
    )
    .option("--seed <seed>", "first seed", "1")
    .option("--seeds <count>", "how many seeds", "5")
    .option("--json", "print the comparison as JSON on stdout and nothing else")
    .option("--quiet", "no progress")
    .action(async (paths: string[], options: CompareOptions) => {
      const own = paths.map((path) => ({ name: basename(path), scenario: readScenario(path) }));
      const overlaid = options.overlay.map((file) => ({
        name: basename(file).replace(/\.ya?ml$/, ""),
        scenario: readOverlaid(paths[0]!, file),
      }));
      const executor = workerThreads();
      const variants = [...own, ...overlaid];
      let runs = 0;
      const done = (): void => {
        runs += 1;
        if (options.quiet !== true)
          process.stderr.write(`\r${runs} of ${variants.length * Number(options.seeds)} runs`);
      };
      const comparison = await compare(variants, seedsFrom(options.seed, Number(options.seeds)), executor, done);
      await executor.close();
      if (options.quiet !== true) process.stderr.write("\n");
      process.stdout.write(
        options.json === true ? `${JSON.stringify(comparison, undefined, 1)}\n` : comparisonText(comparison),
      );
    });
}

/** Values with their 95 % intervals; a difference whose interval leaves out 0 is marked. */
function comparisonText({ variants, rows, seeds }: Comparison): string {
  const table = new CliTable({
    head: ["", ...variants, ...variants.slice(1).map((name) => `${name} − ${variants[0]}`)],
    style: { head: [], border: [] },
  });
  for (const { measure, unit, values, differences } of rows) {
    table.push([
      unit === "" ? measure : `${measure}, ${unit}`,
      ...values.map(shown),
      ...differences.map((difference) => `${shown(difference)}${certain(difference) ? " *" : ""}`),
    ]);
  }
  return `${table.toString()}\n${seeds.length} seeds, means ± 95 % confidence; differences are paired, * marks those whose interval leaves out 0.\n`;
}

function certain({ mean, halfWidth }: Estimate): boolean {
  return Math.abs(mean) > halfWidth;
}

function shown({ mean, halfWidth }: Estimate): string {
  const digits = Math.abs(mean) >= 100 ? 0 : 2;
  return Number.isFinite(halfWidth) ? `${mean.toFixed(digits)} ± ${halfWidth.toFixed(digits)}` : mean.toFixed(digits);
}
