import { type Pod, podCondition, type Time } from "../../model/index.ts";
import type { PodMetric, PodMetrics } from "./pod-metrics.ts";

/** How long a pod's CPU is taken for that of its start. */
export interface ReadinessWindows {
  /** `--horizontal-pod-autoscaler-cpu-initialization-period`. */
  readonly cpuInitializationUs: number;
  /** `--horizontal-pod-autoscaler-initial-readiness-delay`. */
  readonly initialReadinessUs: number;
}

export interface Instants {
  readonly nowUs: number;
  readonly instantUs: (time: Time) => number;
}

export interface PodGroups {
  /** Pods whose metric counts. */
  readyCount: number;
  readonly unready: Set<string>;
  readonly missing: Set<string>;
  readonly ignored: Set<string>;
}

/** Sorts pods by what their metric is worth (`groupPods` of the replica calculator). `resource` is "" for other metrics. */
export function groupPods(
  pods: readonly Pod[],
  metrics: PodMetrics,
  resource: string,
  windows: ReadinessWindows,
  instants: Instants,
): PodGroups {
  const groups: PodGroups = { readyCount: 0, unready: new Set(), missing: new Set(), ignored: new Set() };
  for (const pod of pods) {
    const { name, deletionTimestamp } = pod.metadata;
    const metric = metrics.get(name);
    if (deletionTimestamp !== undefined || pod.status?.phase === "Failed") groups.ignored.add(name);
    else if (pod.status?.phase === "Pending") groups.unready.add(name);
    else if (metric === undefined) groups.missing.add(name);
    else if (resource === "cpu" && isStarting(pod, metric, windows, instants)) groups.unready.add(name);
    else groups.readyCount += 1;
  }
  return groups;
}

/** Whether the CPU it used may be that of its start. A pod whose readiness is unknown counts. */
function isStarting(
  pod: Pod,
  metric: PodMetric,
  { cpuInitializationUs, initialReadinessUs }: ReadinessWindows,
  { nowUs, instantUs }: Instants,
): boolean {
  const ready = podCondition(pod, "Ready");
  const { startTime } = pod.status;
  if (ready === undefined || startTime === undefined) return true;
  const startUs = instantUs(startTime);
  // A condition without a time became so at Go's zero instant.
  const transitionUs =
    ready.lastTransitionTime === undefined ? Number.NEGATIVE_INFINITY : instantUs(ready.lastTransitionTime);
  if (startUs + cpuInitializationUs > nowUs) {
    return ready.status === "False" || metric.timestampUs < transitionUs + metric.windowUs;
  }
  return ready.status === "False" && startUs + initialReadinessUs > transitionUs;
}
