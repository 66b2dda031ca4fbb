import type { NodePool } from "../cloud/index.ts";
import type { RunResult } from "../report/index.ts";
import type { Scenario } from "../scenario/index.ts";
import type { Executor } from "./executor.ts";

export interface PlanAnswer {
  readonly pool: string;
  /** Fewest machines that keep every expectation under every seed; undefined: not even the most allowed do. */
  readonly machines: number | undefined;
  /** Mean cost of that size, millionths of a US dollar. */
  readonly microUsd: number | undefined;
  /** With one machine less: the seed that fails, and what it breaks. */
  readonly oneLess: { readonly seed: string; readonly broken: readonly string[] } | undefined;
  /** Sizes that were tried, in that order. */
  readonly tried: readonly number[];
}

/** The scenario with a pool of exactly so many machines. */
export function withPoolSize(scenario: Scenario, name: string, size: number): Scenario {
  const pools = scenario.pools.map(
    (pool): NodePool => (pool.name === name ? { ...pool, min: size, max: size, initial: size } : pool),
  );
  return { ...scenario, pools };
}

/** Finds the smallest fixed pool by bisection; more machines are assumed to do no harm. */
export async function plan(
  scenario: Scenario,
  pool: string,
  { least, most }: { readonly least: number; readonly most: number },
  seeds: readonly string[],
  executor: Executor,
): Promise<PlanAnswer> {
  const tried = new Map<number, RunResult[]>();
  const tries: number[] = [];
  const holds = async (size: number): Promise<boolean> => {
    let results = tried.get(size);
    if (results === undefined) {
      const sized = withPoolSize(scenario, pool, size);
      results = await executor.run(seeds.map((seed) => ({ scenario: sized, seed })));
      tried.set(size, results);
      tries.push(size);
    }
    return results.every(({ verdict }) => verdict !== "failed");
  };
  if (!(await holds(most))) return { pool, machines: undefined, microUsd: undefined, oneLess: undefined, tried: tries };
  let [low, high] = [least, most];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (await holds(middle)) high = middle;
    else low = middle + 1;
  }
  const results = tried.get(high)!;
  const microUsd = Math.round(results.reduce((sum, { cost }) => sum + cost.microUsd, 0) / results.length);
  const less = high > least && !(await holds(high - 1)) ? tried.get(high - 1)! : undefined;
  const failing = less?.find(({ verdict }) => verdict === "failed");
  const broken =
    failing?.expectations.filter(({ held }) => !held).map(({ text, measured }) => `${text} (was ${measured})`) ?? [];
  return { pool, machines: high, microUsd, oneLess: failing && { seed: failing.seed, broken }, tried: tries };
}
