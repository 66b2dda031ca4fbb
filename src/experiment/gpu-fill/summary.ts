import type { OpenbPolicy } from "../../scenario/index.ts";
import type { FillCurve } from "./fill.ts";

/** Mean and standard deviation over seeds, by whole percents of arrived demand. */
interface Spread {
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

export interface PolicySummary {
  readonly policy: OpenbPolicy;
  /** Share of the cluster's GPUs that pods hold, percent. */
  readonly allocated: Spread;
  /** Share of the cluster's GPUs that is idle and expected to be of no use, percent. */
  readonly fragmented: Spread;
}

/** What filling a cluster under several policies and seeds came to. */
export interface FillSummary {
  readonly nodes: number;
  readonly gpus: number;
  readonly pods: number;
  readonly seeds: readonly string[];
  readonly policies: readonly PolicySummary[];
}

export function summarizePolicy(policy: OpenbPolicy, curves: readonly FillCurve[]): PolicySummary {
  return {
    policy,
    allocated: spread(curves.map(({ allocated }) => allocated)),
    fragmented: spread(curves.map(({ fragmented }) => fragmented)),
  };
}

function spread(runs: readonly (readonly number[])[]): Spread {
  const shortest = Math.min(...runs.map((run) => run.length));
  const mean: number[] = [];
  const deviation: number[] = [];
  for (let at = 0; at < shortest; at++) {
    const values = runs.map((run) => run[at]!);
    const average = values.reduce((sum, value) => sum + value, 0) / values.length;
    const squares = values.reduce((sum, value) => sum + (value - average) * (value - average), 0);
    mean.push(average);
    deviation.push(values.length < 2 ? 0 : Math.sqrt(squares / (values.length - 1)));
  }
  return { mean, deviation };
}
