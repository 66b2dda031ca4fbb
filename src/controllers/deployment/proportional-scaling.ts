import type { Deployment, ReplicaSet } from "../../model/index.ts";
import { desiredReplicasNoted, maxReplicasNoted } from "./annotations.ts";
import { fenceposts } from "./fenceposts.ts";
import { byAge, type Resize } from "./rolling-update.ts";

const size = ({ spec }: ReplicaSet): number => spec.replicas ?? 1;

/** Somebody changed the Deployment's size since its active ReplicaSets were last sized. */
export function isScalingEvent(deployment: Deployment, replicaSets: readonly ReplicaSet[]): boolean {
  const wanted = deployment.spec.replicas ?? 1;
  return replicaSets.some((replicaSet) => {
    const noted = desiredReplicasNoted(replicaSet);
    return size(replicaSet) > 0 && noted !== undefined && noted !== wanted;
  });
}

/** Sizes after a change of the Deployment's size, in proportion to what each ReplicaSet has (deployment sync v1.36). */
export function scaledSizes(
  deployment: Deployment,
  fresh: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
): readonly Resize[] {
  const wanted = deployment.spec.replicas ?? 1;
  const everyone = fresh === undefined ? [...old] : [...old, fresh];
  const active = everyone.filter((replicaSet) => size(replicaSet) > 0);
  const latest = fresh ?? [...old].sort(byAge).at(-1);
  if (active.length <= 1) {
    const only = active[0] ?? latest;
    return only === undefined || size(only) === wanted ? [] : [{ replicaSet: only, replicas: wanted }];
  }
  if (fresh !== undefined && isSaturated(deployment, fresh)) {
    return active.filter((replicaSet) => replicaSet !== fresh).map((replicaSet) => ({ replicaSet, replicas: 0 }));
  }
  if (deployment.spec.strategy?.type === "Recreate") return [];
  return inProportion(deployment, active);
}

function isSaturated(deployment: Deployment, fresh: ReplicaSet): boolean {
  const wanted = deployment.spec.replicas ?? 1;
  const noted = desiredReplicasNoted(fresh);
  return size(fresh) === wanted && noted === wanted && (fresh.status.availableReplicas ?? 0) === wanted;
}

function inProportion(deployment: Deployment, active: readonly ReplicaSet[]): Resize[] {
  const wanted = deployment.spec.replicas ?? 1;
  const allowed = wanted === 0 ? 0 : wanted + fenceposts(deployment).maxSurge;
  let toAdd = allowed - active.reduce((total, replicaSet) => total + size(replicaSet), 0);
  const growing = toAdd > 0;
  const sorted = [...active].sort((a, b) => {
    if (size(a) !== size(b)) return size(b) - size(a);
    return growing ? byAge(b, a) : byAge(a, b);
  });
  const sizes = new Map(sorted.map((replicaSet) => [replicaSet, size(replicaSet)]));
  for (const replicaSet of toAdd === 0 ? [] : sorted) {
    const share = proportion(replicaSet, allowed, maxReplicasNoted(replicaSet) ?? wanted);
    const change = growing ? Math.min(Math.max(share, 0), toAdd) : Math.max(Math.min(share, 0), toAdd);
    sizes.set(replicaSet, size(replicaSet) + change);
    toAdd -= change;
  }
  const [largest] = sorted;
  if (largest !== undefined && toAdd !== 0) sizes.set(largest, Math.max(0, sizes.get(largest)! + toAdd));
  // Every one is written: the annotations change even where the size does not.
  return sorted.map((replicaSet) => ({ replicaSet, replicas: sizes.get(replicaSet)! }));
}

function proportion(replicaSet: ReplicaSet, allowed: number, noted: number): number {
  if (size(replicaSet) === 0 || noted === 0) return 0;
  return roundHalfAway((size(replicaSet) * allowed) / noted) - size(replicaSet);
}

function roundHalfAway(value: number): number {
  return value < 0 ? -Math.floor(-value + 0.5) : Math.floor(value + 0.5);
}
