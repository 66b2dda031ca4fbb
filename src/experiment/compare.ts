import type { RunResult } from "../report/index.ts";
import type { Scenario } from "../scenario/index.ts";
import type { Executor } from "./executor.ts";
import { measuresOf } from "./measures.ts";
import { type Estimate, estimate } from "./student-t.ts";

/** One policy: a scenario under a name. */
export interface Variant {
  readonly name: string;
  readonly scenario: Scenario;
}

export interface Comparison {
  readonly seeds: readonly string[];
  /** The first is what the others are compared with. */
  readonly variants: readonly string[];
  readonly rows: readonly ComparisonRow[];
}

export interface ComparisonRow {
  readonly measure: string;
  readonly unit: string;
  /** Per variant. */
  readonly values: readonly Estimate[];
  /** Per variant but the first: its value minus the first's, seed by seed. */
  readonly differences: readonly Estimate[];
}

/** Runs every variant under every seed: with common random numbers, differences are paired and their intervals narrow. */
export async function compare(
  variants: readonly Variant[],
  seeds: readonly string[],
  executor: Executor,
  done?: () => void,
): Promise<Comparison> {
  const trials = variants.flatMap(({ scenario }) => seeds.map((seed) => ({ scenario, seed })));
  const results = await executor.run(trials, done);
  const byVariant = variants.map((_, index) => results.slice(index * seeds.length, (index + 1) * seeds.length));
  const rows = measuresOf(results[0]!).map(({ name, unit, of }): ComparisonRow => {
    const values = byVariant.map((runs) => runs.map((run: RunResult) => of(run)));
    const [base, ...others] = values;
    const differences = others.map((own) => estimate(own.map((value, seed) => value - base![seed]!)));
    return { measure: name, unit, values: values.map(estimate), differences };
  });
  return { seeds, variants: variants.map(({ name }) => name), rows };
}
