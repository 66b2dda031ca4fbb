import { Int64Sum, int32OfFloat, int64OfFloat, int64Percent, maxInt32, maxInt64 } from "./go-integers.ts";
import { groupPods, type PodGroups, type ReadinessWindows } from "./pod-groups.ts";
import type { PodMetrics } from "./pod-metrics.ts";
import type { SelectedPods } from "./selected-pods.ts";

/** Fractions of the target within which nothing is done. */
export interface Tolerances {
  readonly down: number;
  readonly up: number;
}

/** What a calculation is told besides its target. */
export interface Situation {
  readonly tolerances: Tolerances;
  readonly windows: ReadinessWindows;
  readonly nowUs: number;
}

/** A replica count, and the usage that status shows: thousandths, on average over the pods where the target is one. */
export interface Proposal {
  readonly replicas: number;
  readonly usageMilli: number;
  /** Percent of the requests, for targets that are one. */
  readonly utilization?: number;
}

/** `usageMilli` is what upstream's function returned beside its error. */
export interface Failure {
  readonly error: string;
  readonly usageMilli?: number;
}

const noPods: Failure = { error: "no pods returned by selector while calculating replica count" };
const noMetrics: Failure = { error: "did not receive metrics for targeted pods (pods might be unready)" };

/** Resource and ContainerResource with a utilization: percent of what the pods request. */
export function utilizationReplicas(
  current: number,
  targetPercent: number,
  metrics: PodMetrics,
  pods: SelectedPods,
  { resource, container }: { readonly resource: string; readonly container: string },
  situation: Situation,
): Proposal | Failure {
  if (pods.length === 0) return noPods;
  const groups = groupPods(pods, metrics, resource, situation.windows, situation.nowUs);
  if (groups.readyCount + metrics.others.length === 0) return noMetrics;
  const requested = pods.requests(resource, container);
  if ("error" in requested) return requested;
  const { requests } = requested;
  const measured = utilizationOf(metrics, requests, targetPercent);
  if (measured === undefined) return { error: "no metrics returned matched known pods" };
  const { ratio, utilization, meanMilli: usageMilli } = measured;
  const replicas = replicasFor(current, ratio, metrics, groups, situation.tolerances, {
    fill: (pod) => int64Percent(requests[pod]!, Math.max(100, targetPercent)),
    again: () => utilizationOf(metrics, requests, targetPercent)?.ratio,
  });
  return { replicas, usageMilli, utilization };
}

/** Resource and ContainerResource with an average value, and Pods metrics (`resource` "" then). */
export function averageReplicas(
  current: number,
  targetMilli: number,
  metrics: PodMetrics,
  pods: SelectedPods,
  resource: string,
  situation: Situation,
): Proposal | Failure {
  if (pods.length === 0) return noPods;
  const groups = groupPods(pods, metrics, resource, situation.windows, situation.nowUs);
  if (groups.readyCount + metrics.others.length === 0) return noMetrics;
  const { ratio, meanMilli: usageMilli } = averageOf(metrics, targetMilli);
  const replicas = replicasFor(current, ratio, metrics, groups, situation.tolerances, {
    fill: () => targetMilli,
    again: () => averageOf(metrics, targetMilli).ratio,
  });
  return { replicas, usageMilli };
}

/** Object and External with a value: the ratio times the ready pods. Without ready pods that is 0. */
export function valueReplicas(
  current: number,
  targetMilli: number,
  usageMilli: number,
  pods: () => SelectedPods,
  tolerances: Tolerances,
): Proposal | Failure {
  const shown = Math.min(usageMilli, maxInt64);
  const ratio = usageMilli / targetMilli;
  if (current === 0) return { replicas: cappedInt32(Math.ceil(ratio)), usageMilli: shown };
  if (isWithin(tolerances, ratio)) return { replicas: current, usageMilli: shown };
  const selected = pods();
  if (selected.length === 0) return { error: `unable to calculate ready pods: ${noPods.error}`, usageMilli: shown };
  return { replicas: cappedInt32(Math.ceil(ratio * selected.readyCount)), usageMilli: shown };
}

/** Object and External with an average value: the total over the target, compared with the pods that there are. */
export function totalReplicas(
  statusReplicas: number,
  targetMilli: number,
  usageMilli: number,
  tolerances: Tolerances,
  capped: boolean,
): Proposal {
  const ratio = usageMilli / (targetMilli * statusReplicas);
  const wanted = Math.ceil(usageMilli / targetMilli);
  const replicas = isWithin(tolerances, ratio) ? statusReplicas : capped ? cappedInt32(wanted) : int32OfFloat(wanted);
  // A sum of series that leaves int64 is shown as its limit, undivided; a division by no replicas as Go's overflow.
  const shared = usageMilli > maxInt64 ? maxInt64 : int64OfFloat(Math.ceil(usageMilli / statusReplicas));
  return { replicas, usageMilli: shared };
}

/** Inclusive on both sides, in exactly this form: 77 of 70 is within 0.1. */
function isWithin({ down, up }: Tolerances, ratio: number): boolean {
  return 1 - down <= ratio && ratio <= 1 + up;
}

function cappedInt32(value: number): number {
  return value > maxInt32 ? maxInt32 : int32OfFloat(value);
}

/** What per-pod metrics come to, once pods without a metric are filled in. Changes `metrics`. */
function replicasFor(
  current: number,
  ratio: number,
  metrics: PodMetrics,
  { readyCount, unready, missing }: PodGroups,
  tolerances: Tolerances,
  { fill, again }: { readonly fill: (pod: number) => number; readonly again: () => number | undefined },
): number {
  const fillsUnready = unready.length > 0 && ratio > 1;
  if (missing.length === 0 && !fillsUnready) {
    return isWithin(tolerances, ratio) ? current : int32OfFloat(Math.ceil(ratio * readyCount));
  }
  let counted = readyCount + metrics.others.length;
  // On the way down a missing pod uses all it may, on the way up nothing; at a ratio of exactly 1 it is left out.
  if (ratio !== 1) {
    for (const pod of missing) metrics.milli[pod] = ratio < 1 ? fill(pod) : 0;
    counted += missing.length;
  }
  if (fillsUnready) {
    for (const pod of unready) metrics.milli[pod] = 0;
    counted += unready.length;
  }
  const newRatio = again() ?? ratio;
  const turned = (ratio < 1 && newRatio > 1) || (ratio > 1 && newRatio < 1);
  if (isWithin(tolerances, newRatio) || turned) return current;
  const replicas = int32OfFloat(Math.ceil(newRatio * counted));
  const against = (newRatio < 1 && replicas > current) || (newRatio > 1 && replicas < current);
  return against ? current : replicas;
}

/** Integer percent first, then the ratio: 71.9 % of a 70 % target is 71. Pods that the cache does not have are left out. */
function utilizationOf(
  { milli }: PodMetrics,
  requests: readonly number[],
  targetPercent: number,
): { readonly ratio: number; readonly utilization: number; readonly meanMilli: number } | undefined {
  const used = new Int64Sum();
  const requested = new Int64Sum();
  let count = 0;
  for (let pod = 0; pod < milli.length; pod += 1) {
    if (Number.isNaN(milli[pod])) continue;
    used.add(milli[pod]!);
    requested.add(requests[pod]!);
    count += 1;
  }
  if (requested.isZero) return undefined;
  const utilization = used.percentOf(requested);
  return { ratio: utilization / targetPercent, utilization, meanMilli: used.mean(count) };
}

function averageOf(
  { milli, others }: PodMetrics,
  targetMilli: number,
): { readonly ratio: number; readonly meanMilli: number } {
  const total = new Int64Sum();
  let count = others.length;
  for (const value of others) total.add(value);
  for (const value of milli) {
    if (Number.isNaN(value)) continue;
    total.add(value);
    count += 1;
  }
  const meanMilli = total.mean(count);
  return { ratio: meanMilli / targetMilli, meanMilli };
}
