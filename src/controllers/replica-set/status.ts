import type { ApiError } from "../../apiserver/index.ts";
import type { View } from "../../client/index.ts";
import {
  containsLabels,
  isPodActive,
  isPodReady,
  isPodTerminal,
  type Pod,
  podCondition,
  type ReplicaSet,
  type ReplicaSetStatus,
  type WallClock,
} from "../../model/index.ts";
import { ownsWhatItSelects } from "../claim-dependents.ts";

/** A ready pod is available once it has been ready for `minReadySeconds`. */
export function isPodAvailable(pod: Pod, minReadySeconds: number, clock: WallClock, nowUs: number): boolean {
  if (!isPodReady(pod)) return false;
  if (minReadySeconds === 0) return true;
  return availableAtUs(pod, minReadySeconds, clock) <= nowUs;
}

function availableAtUs(pod: Pod, minReadySeconds: number, clock: WallClock): number {
  const since = podCondition(pod, "Ready")?.lastTransitionTime;
  return since === undefined ? Number.POSITIVE_INFINITY : clock.instantUs(since) + minReadySeconds * 1_000_000;
}

/** When the next ready pod becomes available, if any is waiting for that. */
export function nextAvailableUs(
  replicaSet: ReplicaSet,
  pods: readonly Pod[],
  clock: WallClock,
  nowUs: number,
): number | undefined {
  const minReadySeconds = replicaSet.spec.minReadySeconds ?? 0;
  if (minReadySeconds === 0) return undefined;
  let next: number | undefined;
  for (const pod of pods) {
    if (!isPodReady(pod)) continue;
    const at = availableAtUs(pod, minReadySeconds, clock);
    if (at > nowUs && (next === undefined || at < next)) next = at;
  }
  return next;
}

/** What a ReplicaSet counts. */
export interface ReplicaCounts {
  readonly replicas: number;
  readonly fullyLabeledReplicas: number;
  readonly readyReplicas: number;
  readonly availableReplicas: number;
  readonly terminatingReplicas: number;
}

/** The counts as the cache keeps them; `undefined` where pods have to be looked at one by one: who is available depends on the time. */
export function keptCounts(replicaSet: ReplicaSet, view: View): ReplicaCounts | undefined {
  if ((replicaSet.spec.minReadySeconds ?? 0) !== 0 || !ownsWhatItSelects(replicaSet, view)) return undefined;
  const templateLabels = replicaSet.spec.template?.metadata?.labels ?? {};
  let replicas = 0;
  let fullyLabeledReplicas = 0;
  let readyReplicas = 0;
  let terminatingReplicas = 0;
  for (const { labels, active, ready, terminating } of view.podCounts(replicaSet.metadata.uid)) {
    replicas += active;
    readyReplicas += ready;
    terminatingReplicas += terminating;
    if (containsLabels(labels, templateLabels)) fullyLabeledReplicas += active;
  }
  return {
    replicas,
    fullyLabeledReplicas,
    readyReplicas,
    availableReplicas: readyReplicas,
    terminatingReplicas,
  };
}

/** The counts of these pods now. */
export function countsOf(replicaSet: ReplicaSet, pods: readonly Pod[], clock: WallClock, nowUs: number): ReplicaCounts {
  const templateLabels = replicaSet.spec.template?.metadata?.labels ?? {};
  const minReadySeconds = replicaSet.spec.minReadySeconds ?? 0;
  const counts = {
    replicas: 0,
    fullyLabeledReplicas: 0,
    readyReplicas: 0,
    availableReplicas: 0,
    terminatingReplicas: 0,
  };
  for (const pod of pods) {
    if (!isPodActive(pod)) {
      if (pod.metadata.deletionTimestamp !== undefined && !isPodTerminal(pod)) counts.terminatingReplicas += 1;
      continue;
    }
    counts.replicas += 1;
    if (containsLabels(pod.metadata.labels ?? {}, templateLabels)) counts.fullyLabeledReplicas += 1;
    if (!isPodReady(pod)) continue;
    counts.readyReplicas += 1;
    if (isPodAvailable(pod, minReadySeconds, clock, nowUs)) counts.availableReplicas += 1;
  }
  return counts;
}

/** What the ReplicaSet should say of itself. `failure` is the error of this sync's creations or deletions. */
export function statusOf(
  replicaSet: ReplicaSet,
  counts: ReplicaCounts,
  failure: { readonly reason: "FailedCreate" | "FailedDelete"; readonly error: ApiError } | undefined,
  time: string,
): ReplicaSetStatus {
  const { replicas, fullyLabeledReplicas, readyReplicas, availableReplicas, terminatingReplicas } = counts;
  return {
    replicas,
    ...(fullyLabeledReplicas > 0 && { fullyLabeledReplicas }),
    ...(readyReplicas > 0 && { readyReplicas }),
    ...(availableReplicas > 0 && { availableReplicas }),
    terminatingReplicas,
    observedGeneration: replicaSet.metadata.generation,
    ...conditionsWith(replicaSet, failure, time),
  };
}

function conditionsWith(
  { status }: ReplicaSet,
  failure: { readonly reason: string; readonly error: ApiError } | undefined,
  time: string,
): Pick<ReplicaSetStatus, "conditions"> {
  const others = (status.conditions ?? []).filter(({ type }) => type !== "ReplicaFailure");
  const known = status.conditions?.find(({ type }) => type === "ReplicaFailure");
  if (failure === undefined) return others.length > 0 ? { conditions: others } : {};
  if (known !== undefined) return { conditions: status.conditions };
  const condition = {
    type: "ReplicaFailure",
    status: "True",
    reason: failure.reason,
    message: failure.error.message,
    lastTransitionTime: time,
  };
  return { conditions: [...others, condition] };
}
