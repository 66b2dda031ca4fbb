import {
  compileLabelSelector,
  foreignClaim,
  type Node,
  type PersistentVolume,
  type PersistentVolumeClaim,
  podClaims,
  type StorageClass,
  selectedNode,
  storageClassOf,
  value,
} from "../../model/index.ts";
import type { ClusterObjects } from "../snapshot/cluster-objects.ts";
import type { PodInfo } from "../snapshot/pod-info.ts";
import { findMatchingVolume, reachableFrom, requestedBytes } from "./persistent-volume-match.ts";
import { claimNotFound, isFullyBound, waitsForFirstConsumer } from "./volume-claims.ts";

/** The claims of a pod, by what must happen to them before it can start. */
export interface PodClaims {
  readonly bound: readonly PersistentVolumeClaim[];
  /** Unbound claims that wait for their first consumer: they are bound together with the pod. */
  readonly delayed: readonly PersistentVolumeClaim[];
  /** Unbound claims that the volume controller must bind first. */
  readonly immediate: readonly PersistentVolumeClaim[];
}

/** What binding the pod to a node would do to its claims. */
export interface VolumePlan {
  readonly bindings: readonly { readonly claim: PersistentVolumeClaim; readonly volume: PersistentVolume }[];
  readonly provisions: readonly PersistentVolumeClaim[];
}

/** A text that says why some claim makes the pod wait, if one does. */
export function claimProblem({ pod, namespace }: PodInfo, objects: ClusterObjects): string | undefined {
  for (const { name, ephemeral } of podClaims(pod)) {
    const claim = objects.get("PersistentVolumeClaim", name, namespace);
    if (claim === undefined) {
      if (!ephemeral) return claimNotFound(name);
      return `waiting for ephemeral volume controller to create the persistentvolumeclaim "${name}"`;
    }
    if (claim.status?.phase === "Lost") {
      const volume = claim.spec.volumeName ?? "";
      return `persistentvolumeclaim "${name}" bound to non-existent persistentvolume "${volume}"`;
    }
    if (claim.metadata.deletionTimestamp !== undefined) return `persistentvolumeclaim "${name}" is being deleted`;
    const foreign = ephemeral ? foreignClaim(pod, claim) : undefined;
    if (foreign !== undefined) return foreign;
  }
  return undefined;
}

export function sortClaims({ pod, namespace }: PodInfo, objects: ClusterObjects): PodClaims {
  const [bound, delayed, immediate]: PersistentVolumeClaim[][] = [[], [], []];
  for (const { name } of podClaims(pod)) {
    const claim = objects.get("PersistentVolumeClaim", name, namespace)!;
    const prebound = claim.spec.volumeName !== undefined && claim.spec.volumeName !== "";
    if (isFullyBound(claim)) bound!.push(claim);
    else if (!prebound && waitsForFirstConsumer(storageClassOf(claim), objects)) delayed!.push(claim);
    else immediate!.push(claim);
  }
  return { bound: bound!, delayed: delayed!, immediate: immediate! };
}

/** A plan for the node, or every reason why there is none. */
export function planVolumes(claims: PodClaims, node: Node, objects: ClusterObjects): VolumePlan | readonly string[] {
  const reasons: string[] = [];
  const boundProblem = problemOfBound(claims.bound, node, objects);
  if (boundProblem === "unreachable") reasons.push("node(s) didn't match PersistentVolume's node affinity");
  const toBind = claims.delayed.length === 0 ? emptyPlan : planDelayed(claims.delayed, node, objects);
  if (toBind === "no volume") reasons.push("node(s) didn't find available persistent volumes to bind");
  if (toBind === "no space") reasons.push("node(s) did not have enough free storage");
  if (boundProblem === "missing") {
    reasons.push("node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)");
  }
  return reasons.length > 0 ? reasons : (toBind as VolumePlan);
}

const emptyPlan: VolumePlan = { bindings: [], provisions: [] };

function problemOfBound(
  claims: readonly PersistentVolumeClaim[],
  node: Node,
  objects: ClusterObjects,
): "unreachable" | "missing" | undefined {
  for (const { spec } of claims) {
    const volume = objects.get("PersistentVolume", spec.volumeName!);
    if (volume === undefined) return "missing";
    if (!reachableFrom(volume, node)) return "unreachable";
  }
  return undefined;
}

function planDelayed(
  claims: readonly PersistentVolumeClaim[],
  node: Node,
  objects: ClusterObjects,
): VolumePlan | "no volume" | "no space" {
  const provisions: PersistentVolumeClaim[] = [];
  const toMatch: PersistentVolumeClaim[] = [];
  for (const claim of claims) {
    const selected = claim.metadata.annotations?.[selectedNode];
    if (selected === undefined) toMatch.push(claim);
    else if (selected === node.metadata.name) provisions.push(claim);
    else return "no volume"; // Given to another node already.
  }
  toMatch.sort((left, right) => requestedBytes(left) - requestedBytes(right));
  const volumes = [...objects.list("PersistentVolume")];
  const taken = new Set<string>();
  const bindings: { claim: PersistentVolumeClaim; volume: PersistentVolume }[] = [];
  for (const claim of toMatch) {
    const className = storageClassOf(claim);
    const ofClass = volumes.filter((volume) => storageClassOf(volume) === className);
    const volume = findMatchingVolume(claim, ofClass, node, taken);
    if (volume === undefined) {
      provisions.push(claim);
      continue;
    }
    taken.add(volume.metadata.name);
    bindings.push({ claim, volume });
  }
  for (const claim of provisions) {
    const storageClass = objects.get("StorageClass", storageClassOf(claim));
    if (storageClass === undefined || !canProvision(storageClass, node)) return "no volume";
    if (!hasCapacity(claim, storageClass, node, objects)) return "no space";
  }
  return { bindings, provisions };
}

function canProvision({ provisioner, allowedTopologies }: StorageClass, { metadata }: Node): boolean {
  if (provisioner === "" || provisioner === "kubernetes.io/no-provisioner") return false;
  if (allowedTopologies === undefined || allowedTopologies.length === 0) return true;
  return allowedTopologies.some(({ matchLabelExpressions = [] }) => {
    if (matchLabelExpressions.length === 0) return false;
    return matchLabelExpressions.every(({ key, values }) => values.includes(metadata.labels?.[key] ?? ""));
  });
}

/** Only drivers that publish their capacity are asked for it. */
function hasCapacity(
  claim: PersistentVolumeClaim,
  { provisioner, metadata }: StorageClass,
  node: Node,
  objects: ClusterObjects,
): boolean {
  if (claim.spec.resources?.requests?.["storage"] === undefined) return true;
  if (objects.get("CSIDriver", provisioner)?.spec.storageCapacity !== true) return true;
  for (const capacity of objects.list("CSIStorageCapacity")) {
    if (capacity.storageClassName !== metadata.name || capacity.nodeTopology === undefined) continue;
    const limit = capacity.maximumVolumeSize ?? capacity.capacity;
    if (limit === undefined || value(limit) < requestedBytes(claim)) continue;
    if (compileLabelSelector(capacity.nodeTopology).matches(node.metadata.labels)) return true;
  }
  return false;
}
