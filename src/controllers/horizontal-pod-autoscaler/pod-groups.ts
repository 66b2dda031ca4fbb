import type { PodMetrics } from "./pod-metrics.ts";
import { type SelectedPods, standing } from "./selected-pods.ts";

/** How long a pod's CPU is taken for that of its start. */
export interface ReadinessWindows {
  /** `--horizontal-pod-autoscaler-cpu-initialization-period`. */
  readonly cpuInitializationUs: number;
  /** `--horizontal-pod-autoscaler-initial-readiness-delay`. */
  readonly initialReadinessUs: number;
}

/** Pods by what their metric is worth; indexes of the selected pods. */
export interface PodGroups {
  /** Pods whose metric counts. */
  readonly readyCount: number;
  readonly unready: readonly number[];
  readonly missing: readonly number[];
}

/**
 * `groupPods` of the replica calculator. Takes the metrics of ignored and unready pods away. `resource` is "" for other
 * metrics.
 */
export function groupPods(
  pods: SelectedPods,
  { milli, sinceUs }: PodMetrics,
  resource: string,
  windows: ReadinessWindows,
  nowUs: number,
): PodGroups {
  const unready: number[] = [];
  const missing: number[] = [];
  let readyCount = 0;
  for (let index = 0; index < pods.length; index += 1) {
    const is = pods.standings[index];
    if (is === standing.ignored) milli[index] = Number.NaN;
    else if (is === standing.pending) {
      unready.push(index);
      milli[index] = Number.NaN;
    } else if (Number.isNaN(milli[index])) missing.push(index);
    else if (resource === "cpu" && isStarting(pods, index, sinceUs[index]!, windows, nowUs)) {
      unready.push(index);
      milli[index] = Number.NaN;
    } else readyCount += 1;
  }
  return { readyCount, unready, missing };
}

/** Whether the CPU it used may be that of its start. A pod whose readiness is unknown counts. */
function isStarting(
  { startUs, transitionUs, unready }: SelectedPods,
  index: number,
  sinceUs: number,
  { cpuInitializationUs, initialReadinessUs }: ReadinessWindows,
  nowUs: number,
): boolean {
  const isUnready = unready[index] === 1;
  if (startUs[index]! + cpuInitializationUs > nowUs) return isUnready || sinceUs < transitionUs[index]!;
  return isUnready && startUs[index]! + initialReadinessUs > transitionUs[index]!;
}
