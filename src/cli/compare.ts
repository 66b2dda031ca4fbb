import { mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { Command } from "commander";
import { compare, type Variant, workerThreads } from "../experiment/index.ts";
import { readOverlaid, readScenario } from "../scenario/index.ts";
import { comparisonMarkdown, comparisonText } from "./comparison-text.ts";
import { seedsFrom } from "./seeds.ts";

interface CompareOptions {
  readonly overlay: string[];
  readonly seed: string;
  readonly seeds: string;
  readonly json?: boolean;
  readonly out?: string;
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
    .option("--out <folder>", "also write the comparison there, as Markdown")
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
      if (options.out === undefined) return;
      mkdirSync(options.out, { recursive: true });
      const [{ scenario }] = variants as [Variant, ...Variant[]];
      writeFileSync(
        join(options.out, `${scenario.name}-compare.md`),
        comparisonMarkdown(comparison, variants, command(paths, options)),
      );
    });
}

/** What to type for the same comparison. */
function command(paths: readonly string[], { overlay, seed, seeds }: CompareOptions): string {
  const overlays = overlay.map((file) => ` --overlay ${file}`).join("");
  return `npx . compare ${paths.join(" ")}${overlays} --seed ${seed} --seeds ${seeds}`;
}
