import type { Deployment, ReplicaSet } from "../../model/index.ts";
import { fenceposts } from "./fenceposts.ts";

/** A ReplicaSet and the size it should get. */
export interface Resize {
  readonly replicaSet: ReplicaSet;
  readonly replicas: number;
}

const size = ({ spec }: ReplicaSet): number => spec.replicas ?? 1;
const available = ({ status }: ReplicaSet): number => status.availableReplicas ?? 0;
const sum = (replicaSets: readonly ReplicaSet[], of: (replicaSet: ReplicaSet) => number): number =>
  replicaSets.reduce((total, replicaSet) => total + of(replicaSet), 0);

/** One sync's step of a rolling update: up if there is room above, else down as far as availability allows. */
export function rollingStep(deployment: Deployment, fresh: ReplicaSet, old: readonly ReplicaSet[]): readonly Resize[] {
  const up = scaleUp(deployment, fresh, old);
  return up !== undefined ? [up] : scaleDownOld(deployment, fresh, old);
}

function scaleUp(deployment: Deployment, fresh: ReplicaSet, old: readonly ReplicaSet[]): Resize | undefined {
  const replicas = newSize(deployment, fresh, old);
  return replicas === size(fresh) ? undefined : { replicaSet: fresh, replicas };
}

/** NewRSNewReplicas: what the new ReplicaSet may have, given what all of them want. `fresh` absent: it is to be made. */
export function newSize(deployment: Deployment, fresh: ReplicaSet | undefined, old: readonly ReplicaSet[]): number {
  const wanted = deployment.spec.replicas ?? 1;
  if (deployment.spec.strategy?.type === "Recreate") return wanted;
  const current = fresh === undefined ? 0 : size(fresh);
  if (current > wanted) return wanted;
  const { maxSurge } = fenceposts(deployment);
  const total = sum(old, size) + current;
  if (total >= wanted + maxSurge) return current;
  return current + Math.min(wanted + maxSurge - total, wanted - current);
}

function scaleDownOld(deployment: Deployment, fresh: ReplicaSet, old: readonly ReplicaSet[]): Resize[] {
  const live = old.filter((replicaSet) => size(replicaSet) > 0);
  if (live.length === 0) return [];
  const wanted = deployment.spec.replicas ?? 1;
  const { maxUnavailable } = fenceposts(deployment);
  const minAvailable = wanted - maxUnavailable;
  const unavailableNew = size(fresh) - available(fresh);
  const removable = sum([...live, fresh], size) - minAvailable - unavailableNew;
  if (removable <= 0) return [];
  const oldestFirst = [...live].sort(byAge);
  const sizes = new Map(oldestFirst.map((replicaSet) => [replicaSet, size(replicaSet)]));
  // First pods that are not available: they serve nobody.
  let left = removable;
  for (const replicaSet of oldestFirst) {
    const unhealthy = Math.min(left, size(replicaSet) - available(replicaSet));
    if (unhealthy <= 0) continue;
    sizes.set(replicaSet, size(replicaSet) - unhealthy);
    left -= unhealthy;
  }
  // Then available ones, while enough of all stay available.
  let spare = sum([...live, fresh], available) - minAvailable;
  for (const replicaSet of oldestFirst) {
    if (spare <= 0) break;
    const removed = Math.min(sizes.get(replicaSet)!, spare);
    sizes.set(replicaSet, sizes.get(replicaSet)! - removed);
    spare -= removed;
  }
  return oldestFirst
    .map((replicaSet) => ({ replicaSet, replicas: sizes.get(replicaSet)! }))
    .filter(({ replicaSet, replicas }) => replicas !== size(replicaSet));
}

/** Oldest first; names decide among those made in one second. */
export function byAge(a: ReplicaSet, b: ReplicaSet): number {
  const [left, right] = [a.metadata.creationTimestamp, b.metadata.creationTimestamp];
  if (left !== right) return left < right ? -1 : 1;
  return a.metadata.name < b.metadata.name ? -1 : 1;
}
