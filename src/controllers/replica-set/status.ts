import type { ApiError } from "../../apiserver/index.ts";
import {
  containsLabels,
  isPodActive,
  isPodReady,
  type Pod,
  podCondition,
  type ReplicaSet,
  type ReplicaSetStatus,
  type WallClock,
} from "../../model/index.ts";

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

/** What the ReplicaSet should say of itself. `failure` is the error of this sync's creations or deletions. */
export function statusOf(
  replicaSet: ReplicaSet,
  pods: readonly Pod[],
  failure: { readonly reason: "FailedCreate" | "FailedDelete"; readonly error: ApiError } | undefined,
  clock: WallClock,
  nowUs: number,
): ReplicaSetStatus {
  const templateLabels = replicaSet.spec.template?.metadata?.labels ?? {};
  const minReadySeconds = replicaSet.spec.minReadySeconds ?? 0;
  let replicas = 0;
  let fullyLabeledReplicas = 0;
  let readyReplicas = 0;
  let availableReplicas = 0;
  let terminatingReplicas = 0;
  for (const pod of pods) {
    if (!isPodActive(pod)) {
      if (pod.metadata.deletionTimestamp !== undefined && !isEnded(pod)) terminatingReplicas += 1;
      continue;
    }
    replicas += 1;
    if (containsLabels(pod.metadata.labels ?? {}, templateLabels)) fullyLabeledReplicas += 1;
    if (!isPodReady(pod)) continue;
    readyReplicas += 1;
    if (isPodAvailable(pod, minReadySeconds, clock, nowUs)) availableReplicas += 1;
  }
  return {
    replicas,
    ...(fullyLabeledReplicas > 0 && { fullyLabeledReplicas }),
    ...(readyReplicas > 0 && { readyReplicas }),
    ...(availableReplicas > 0 && { availableReplicas }),
    terminatingReplicas,
    observedGeneration: replicaSet.metadata.generation,
    ...conditionsWith(replicaSet, failure, clock.time(nowUs)),
  };
}

function isEnded(pod: Pod): boolean {
  return pod.status.phase === "Succeeded" || pod.status.phase === "Failed";
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
