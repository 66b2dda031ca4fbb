import type { Pod, Volume } from "../../model/index.ts";
import type { ClusterEvent } from "../framework/cluster-event.ts";
import type { StateData } from "../framework/cycle-state.ts";
import { definePlugin } from "../framework/plugin.ts";
import { skip, unresolvable, unschedulable } from "../framework/status.ts";
import type { NodeInfo } from "../snapshot/node-info.ts";
import type { PodInfo } from "../snapshot/pod-info.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import { claimNotFound } from "./volume-claims.ts";

const name = "VolumeRestrictions";
const diskConflict = unschedulable("node(s) had no available disk");
const claimInUse = unschedulable(
  "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod",
);

/** ReadWriteOncePod claims of the pod, and how many of their users there are. */
class UsersOfClaims implements StateData {
  readonly claims: ReadonlySet<string>;
  users: number;

  constructor(claims: ReadonlySet<string>, users: number) {
    this.claims = claims;
    this.users = users;
  }

  clone(): UsersOfClaims {
    return new UsersOfClaims(this.claims, this.users);
  }

  count(pod: PodInfo, other: PodInfo, sign: 1 | -1): void {
    if (other.namespace !== pod.namespace) return;
    for (const { persistentVolumeClaim } of other.pod.spec.volumes ?? []) {
      if (persistentVolumeClaim !== undefined && this.claims.has(persistentVolumeClaim.claimName)) this.users += sign;
    }
  }
}

/** Disks that allow one user at a time, and claims that allow one pod. */
export const volumeRestrictions = definePlugin({
  name,
  create: (_args, { snapshot }) => ({
    name,
    preFilter: (state, pod) => {
      const volumes = pod.pod.spec.volumes ?? [];
      const claims = new Set<string>();
      for (const { persistentVolumeClaim } of volumes) {
        if (persistentVolumeClaim === undefined) continue;
        const { claimName } = persistentVolumeClaim;
        const claim = snapshot.objects.get("PersistentVolumeClaim", claimName, pod.namespace);
        if (claim === undefined) return unresolvable(claimNotFound(claimName));
        if (claim.spec.accessModes?.includes("ReadWriteOncePod")) claims.add(claimName);
      }
      const users = usersOf(claims, pod, snapshot);
      if (users === 0 && !volumes.some(isExclusiveDisk)) return skip;
      state.write(name, new UsersOfClaims(claims, users));
      return undefined;
    },
    addPod: (state, pod, added) => state.read<UsersOfClaims>(name)?.count(pod, added, 1),
    removePod: (state, pod, removed) => state.read<UsersOfClaims>(name)?.count(pod, removed, -1),
    filter: (state, { pod }, node) => {
      if (disksClash(pod, node)) return diskConflict;
      return (state.read<UsersOfClaims>(name)?.users ?? 0) > 0 ? claimInUse : undefined;
    },
    events: [
      { resource: "AssignedPod", actions: ["Delete"], hint: freesDiskOrClaim },
      { resource: "Node", actions: ["Add"] },
      { resource: "PersistentVolumeClaim", actions: ["Add", "Update"], hint: isOwnClaim },
    ],
  }),
});

function usersOf(claims: ReadonlySet<string>, { namespace }: PodInfo, snapshot: Snapshot): number {
  let users = 0;
  for (const claim of claims) if (snapshot.claimUsers(`${namespace}/${claim}`) > 0) users++;
  return users;
}

function isExclusiveDisk({ gcePersistentDisk, awsElasticBlockStore, rbd, iscsi }: Volume): boolean {
  return (gcePersistentDisk ?? awsElasticBlockStore ?? rbd ?? iscsi) !== undefined;
}

function disksClash(pod: Pod, node: NodeInfo): boolean {
  for (const volume of pod.spec.volumes ?? []) {
    if (!isExclusiveDisk(volume)) continue;
    for (const existing of node.pods) if (clashesWith(volume, existing.pod)) return true;
  }
  return false;
}

function clashesWith(volume: Volume, pod: Pod): boolean {
  for (const other of pod.spec.volumes ?? []) if (isExclusiveDisk(other) && sameDisk(volume, other)) return true;
  return false;
}

/** Read-only users share all but EBS disks. */
function sameDisk(left: Volume, right: Volume): boolean {
  const shared = (one: { readonly readOnly?: boolean }, other: { readonly readOnly?: boolean }): boolean =>
    one.readOnly === true && other.readOnly === true;
  if (left.gcePersistentDisk !== undefined && right.gcePersistentDisk !== undefined) {
    const [a, b] = [left.gcePersistentDisk, right.gcePersistentDisk];
    if (a.pdName === b.pdName && !shared(a, b)) return true;
  }
  if (left.awsElasticBlockStore !== undefined && right.awsElasticBlockStore !== undefined) {
    if (left.awsElasticBlockStore.volumeID === right.awsElasticBlockStore.volumeID) return true;
  }
  if (left.iscsi !== undefined && right.iscsi !== undefined) {
    if (left.iscsi.iqn === right.iscsi.iqn && !shared(left.iscsi, right.iscsi)) return true;
  }
  if (left.rbd === undefined || right.rbd === undefined) return false;
  const [a, b] = [left.rbd, right.rbd];
  const monitors = a.monitors.some((monitor) => b.monitors.includes(monitor));
  return monitors && (a.pool ?? "") === (b.pool ?? "") && (a.image ?? "") === (b.image ?? "") && !shared(a, b);
}

function freesDiskOrClaim(pod: PodInfo, { podBefore }: ClusterEvent): boolean {
  if (podBefore === undefined || podBefore.namespace !== pod.namespace) return false;
  for (const volume of pod.pod.spec.volumes ?? []) {
    if (isExclusiveDisk(volume) && clashesWith(volume, podBefore.pod)) return true;
    const claim = volume.persistentVolumeClaim?.claimName;
    if (claim === undefined) continue;
    const used = podBefore.pod.spec.volumes?.some(
      ({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName === claim,
    );
    if (used === true) return true;
  }
  return false;
}

function isOwnClaim(pod: PodInfo, { after }: ClusterEvent): boolean {
  if (after === undefined || after.metadata.namespace !== pod.namespace) return false;
  const { name: claimName } = after.metadata;
  return (pod.pod.spec.volumes ?? []).some(
    ({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName === claimName,
  );
}
