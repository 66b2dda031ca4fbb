import type { Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet, WallClock } from "../../model/index.ts";
import { fenceposts } from "./fenceposts.ts";

/** Counts and the Available condition; Progressing is `progressing`'s (deployment util and sync, v1.36). */
export function statusOf(
  deployment: Deployment,
  fresh: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
  clock: WallClock,
  nowUs: number,
): DeploymentStatus {
  const sums = { wanted: 0, replicas: 0, ready: 0, available: 0, terminating: 0 };
  for (const replicaSet of old) addTo(sums, replicaSet);
  if (fresh !== undefined) addTo(sums, fresh);
  const { replicas, ready: readyReplicas, available: availableReplicas, terminating: terminatingReplicas } = sums;
  const updatedReplicas = fresh?.status.replicas ?? 0;
  const unavailableReplicas = Math.max(0, sums.wanted - availableReplicas);
  const { maxUnavailable } = fenceposts(deployment);
  const enough = availableReplicas >= (deployment.spec.replicas ?? 1) - maxUnavailable;
  const available = enough
    ? { status: "True", reason: "MinimumReplicasAvailable", message: "Deployment has minimum availability." }
    : {
        status: "False",
        reason: "MinimumReplicasUnavailable",
        message: "Deployment does not have minimum availability.",
      };
  const { collisionCount } = deployment.status;
  return {
    observedGeneration: deployment.metadata.generation,
    ...(replicas !== 0 && { replicas }),
    ...(updatedReplicas !== 0 && { updatedReplicas }),
    ...(readyReplicas !== 0 && { readyReplicas }),
    ...(availableReplicas !== 0 && { availableReplicas }),
    ...(unavailableReplicas !== 0 && { unavailableReplicas }),
    terminatingReplicas,
    ...(collisionCount !== undefined && { collisionCount }),
    conditions: withCondition(
      deployment.status.conditions ?? [],
      { type: "Available", ...available },
      clock.time(nowUs),
    ),
  };
}

interface Sums {
  wanted: number;
  replicas: number;
  ready: number;
  available: number;
  terminating: number;
}

function addTo(sums: Sums, { spec, status }: ReplicaSet): void {
  sums.wanted += spec.replicas ?? 1;
  sums.replicas += status.replicas ?? 0;
  sums.ready += status.readyReplicas ?? 0;
  sums.available += status.availableReplicas ?? 0;
  sums.terminating += status.terminatingReplicas ?? 0;
}

/** Sets a condition as SetDeploymentCondition does: same status and reason change nothing, same status keeps its time. */
export function withCondition(
  conditions: readonly DeploymentCondition[],
  condition: Pick<DeploymentCondition, "type" | "status" | "reason" | "message">,
  time: string,
): readonly DeploymentCondition[] {
  const known = conditions.find(({ type }) => type === condition.type);
  if (known?.status === condition.status && known.reason === condition.reason) return conditions;
  const lastTransitionTime = known?.status === condition.status ? known.lastTransitionTime : time;
  const others = conditions.filter(({ type }) => type !== condition.type);
  return [...others, { lastUpdateTime: time, lastTransitionTime, ...condition }];
}

export function isComplete({ spec, metadata }: Deployment, status: DeploymentStatus): boolean {
  const wanted = spec.replicas ?? 1;
  return (
    (status.updatedReplicas ?? 0) === wanted &&
    (status.replicas ?? 0) === wanted &&
    (status.availableReplicas ?? 0) === wanted &&
    (status.observedGeneration ?? 0) >= (metadata.generation ?? 1)
  );
}

/** Something grew, or fewer old pods are left. */
function isProgressing({ spec, status: before }: Deployment, after: DeploymentStatus): boolean {
  const old = (status: DeploymentStatus): number => (status.replicas ?? 0) - (status.updatedReplicas ?? 0);
  const grew = (field: "updatedReplicas" | "readyReplicas" | "availableReplicas"): boolean =>
    (after[field] ?? 0) > (before[field] ?? 0);
  return (
    spec !== undefined &&
    (grew("updatedReplicas") || old(after) < old(before) || grew("readyReplicas") || grew("availableReplicas"))
  );
}

/** Progress is watched only where a deadline is set (it is by default) and the rollout may move. */
export function hasDeadline({ spec }: Deployment): boolean {
  return spec.progressDeadlineSeconds !== undefined && spec.progressDeadlineSeconds !== 2_147_483_647;
}

/** The status with its Progressing and ReplicaFailure conditions brought up to date (syncRolloutStatus). */
export function withProgress(
  deployment: Deployment,
  status: DeploymentStatus,
  fresh: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
  clock: WallClock,
  nowUs: number,
): DeploymentStatus {
  let conditions = status.conditions ?? [];
  const time = clock.time(nowUs);
  const current = deployment.status.conditions?.find(({ type }) => type === "Progressing");
  const finished =
    (status.replicas ?? 0) === (status.updatedReplicas ?? 0) && current?.reason === "NewReplicaSetAvailable";
  const name = fresh === undefined ? `Deployment "${deployment.metadata.name}"` : `ReplicaSet "${fresh.metadata.name}"`;
  if (hasDeadline(deployment) && !finished) {
    if (isComplete(deployment, status)) {
      const message = `${name} has successfully progressed.`;
      conditions = withCondition(
        conditions,
        { type: "Progressing", status: "True", reason: "NewReplicaSetAvailable", message },
        time,
      );
    } else if (isProgressing(deployment, status)) {
      const condition = {
        type: "Progressing",
        status: "True",
        reason: "ReplicaSetUpdated",
        message: `${name} is progressing.`,
      };
      conditions = renewed(conditions, current, condition, time);
    } else if (isTimedOut(deployment, current, clock, nowUs)) {
      const message = `${name} has timed out progressing.`;
      conditions = withCondition(
        conditions,
        { type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded", message },
        time,
      );
    }
  }
  const failure = [fresh, ...old]
    .map((replicaSet) => replicaSet?.status.conditions?.find(({ type }) => type === "ReplicaFailure"))
    .find((condition) => condition !== undefined);
  if (failure !== undefined) {
    const { type, status: value, reason, message } = failure;
    conditions = withCondition(conditions, { type, status: value, reason, message }, time);
  } else if (conditions.some(({ type }) => type === "ReplicaFailure")) {
    conditions = conditions.filter(({ type }) => type !== "ReplicaFailure");
  }
  return { ...status, conditions };
}

/** While it progresses the update time moves on even though status and reason stay. */
function renewed(
  conditions: readonly DeploymentCondition[],
  current: DeploymentCondition | undefined,
  condition: Pick<DeploymentCondition, "type" | "status" | "reason" | "message">,
  time: string,
): readonly DeploymentCondition[] {
  const others = conditions.filter(({ type }) => type !== "Progressing");
  const lastTransitionTime = current?.status === "True" ? current.lastTransitionTime : time;
  return [...others, { lastUpdateTime: time, lastTransitionTime, ...condition }];
}

/** When a rollout that stands still now is to be looked at again: a second after its deadline. */
export function deadlineUs(
  { spec }: Deployment,
  conditions: readonly DeploymentCondition[],
  clock: WallClock,
): number | undefined {
  const current = conditions.find(({ type }) => type === "Progressing");
  if (current?.lastUpdateTime === undefined) return undefined;
  return clock.instantUs(current.lastUpdateTime) + (spec.progressDeadlineSeconds ?? 600) * 1_000_000;
}

function isTimedOut(
  deployment: Deployment,
  current: DeploymentCondition | undefined,
  clock: WallClock,
  nowUs: number,
): boolean {
  if (current === undefined || deployment.spec.paused === true || current.reason === "NewReplicaSetAvailable")
    return false;
  if (current.reason === "ProgressDeadlineExceeded") return true;
  const at = deadlineUs(deployment, [current], clock);
  return at !== undefined && at < nowUs;
}
