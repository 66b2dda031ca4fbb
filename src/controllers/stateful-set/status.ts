import { isPodReady, type Pod, type StatefulSet, type StatefulSetStatus, type WallClock } from "../../model/index.ts";
import { isPodAvailable } from "../replica-set/status.ts";
import type { Revisions } from "./revisions.ts";

function isRunningAndReady(pod: Pod): boolean {
  return pod.status.phase === "Running" && isPodReady(pod);
}

export function isTerminating(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp !== undefined;
}

export function isHealthy(pod: Pod | undefined): boolean {
  return pod !== undefined && isRunningAndReady(pod) && !isTerminating(pod);
}

export function revisionOf(pod: Pod): string | undefined {
  return pod.metadata.labels?.["controller-revision-hash"];
}

/** Running, ready, and for `minReadySeconds`. */
export function isRunningAndAvailable(pod: Pod, set: StatefulSet, clock: WallClock, nowUs: number): boolean {
  return isRunningAndReady(pod) && isPodAvailable(pod, set.spec.minReadySeconds ?? 0, clock, nowUs);
}

/** What the set says of itself. Once all pods are of the new revision, that becomes the current one. */
export function statusOf(
  set: StatefulSet,
  pods: readonly Pod[],
  { current, update }: Revisions,
  clock: WallClock,
  nowUs: number,
  outdated = 0,
): StatefulSetStatus {
  let currentRevision = current.metadata.name;
  const updateRevision = update.metadata.name;
  const counts = { replicas: 0, ready: 0, available: 0, current: 0, updated: 0 };
  for (const pod of pods) {
    counts.replicas += 1;
    if (isRunningAndReady(pod)) counts.ready += 1;
    if (isRunningAndAvailable(pod, set, clock, nowUs)) counts.available += 1;
    if (isTerminating(pod)) continue;
    if (revisionOf(pod) === currentRevision) counts.current += 1;
    if (revisionOf(pod) === updateRevision) counts.updated += 1;
  }
  counts.current -= outdated;
  const rolling = set.spec.updateStrategy?.type === "RollingUpdate";
  const { replicas: wanted = 1 } = set.spec;
  if (rolling && counts.updated === wanted && counts.ready === wanted && counts.replicas === wanted) {
    counts.current = counts.updated;
    currentRevision = updateRevision;
  }
  return {
    replicas: counts.replicas,
    ...(counts.ready > 0 && { readyReplicas: counts.ready }),
    availableReplicas: counts.available,
    ...(counts.current > 0 && { currentReplicas: counts.current }),
    ...(counts.updated > 0 && { updatedReplicas: counts.updated }),
    currentRevision,
    updateRevision,
    collisionCount: set.status.collisionCount ?? 0,
    observedGeneration: set.metadata.generation,
    ...(set.status.conditions && { conditions: set.status.conditions }),
  };
}
