import {
  type CSIStorageCapacity,
  compareQuantities,
  type KubeObject,
  type PersistentVolume,
  type PersistentVolumeClaim,
  podClaims,
  type StorageClass,
} from "../../model/index.ts";
import type { ClusterEvent } from "../framework/cluster-event.ts";
import type { StateData } from "../framework/cycle-state.ts";
import { definePlugin } from "../framework/plugin.ts";
import { skip, unresolvable } from "../framework/status.ts";
import type { ClusterObjectKind } from "../snapshot/cluster-objects.ts";
import type { PodInfo } from "../snapshot/pod-info.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import { claimProblem, type PodClaims, planVolumes, sortClaims, type VolumePlan } from "./volume-binder.ts";
import { bindVolumes, claimFor, volumeFor } from "./volume-writes.ts";

const name = "VolumeBinding";

/** The pod's claims, and the plan for each node that passed. */
class Volumes implements StateData {
  readonly claims: PodClaims;
  readonly plans: Map<string, VolumePlan> = new Map();
  readonly assumed: { readonly was: KubeObject; readonly is: KubeObject }[] = [];

  constructor(claims: PodClaims) {
    this.claims = claims;
  }

  clone(): this {
    return this;
  }
}

interface VolumeBindingArgs {
  readonly bindTimeoutSeconds?: number;
}

/** Claims must be bound, or bindable from this node; unbound ones are bound together with the pod. */
export const volumeBinding = definePlugin<VolumeBindingArgs>({
  name,
  create: ({ bindTimeoutSeconds = 600 }, handle) => ({
    name,
    preFilter: (state, pod) => {
      if (podClaims(pod.pod).length === 0) return skip;
      const problem = claimProblem(pod, handle.snapshot.objects);
      if (problem !== undefined) return unresolvable(problem);
      const claims = sortClaims(pod, handle.snapshot.objects);
      if (claims.immediate.length > 0) return unresolvable("pod has unbound immediate PersistentVolumeClaims");
      state.write(name, new Volumes(claims));
      return undefined;
    },
    filter: (state, _pod, node) => {
      const volumes = state.read<Volumes>(name);
      if (volumes === undefined) return undefined;
      const plan = planVolumes(volumes.claims, node.node!, handle.snapshot.objects);
      if ("bindings" in plan) {
        volumes.plans.set(node.name, plan);
        return undefined;
      }
      return unresolvable(...plan);
    },
    preScore: () => skip, // Scoring by capacity is behind StorageCapacityScoring, which is off.
    score: () => 0,
    reserve: (state, _pod, nodeName) => {
      const volumes = state.read<Volumes>(name);
      const plan = volumes?.plans.get(nodeName);
      if (volumes !== undefined && plan !== undefined) assumeVolumes(volumes, plan, nodeName, handle.snapshot);
      return undefined;
    },
    unreserve: (state) => {
      const assumed = state.read<Volumes>(name)?.assumed ?? [];
      // What the API server has said since stands.
      for (const { was, is } of assumed.splice(0)) {
        const { kind, metadata } = is as PersistentVolume | PersistentVolumeClaim;
        const stored = handle.snapshot.objects.get(kind as ClusterObjectKind, metadata.name, metadata.namespace);
        if (stored === is) handle.snapshot.putObject(was);
      }
    },
    preBind: (state, _pod, nodeName) => {
      const plan = state.read<Volumes>(name)?.plans.get(nodeName);
      if (plan === undefined || plan.bindings.length + plan.provisions.length === 0) return undefined;
      return bindVolumes(plan, nodeName, handle, bindTimeoutSeconds * 1_000_000);
    },
    events: [
      { resource: "PersistentVolume", actions: ["Add", "Update"] },
      { resource: "PersistentVolumeClaim", actions: ["Add", "Update"], hint: isOwnClaim },
      { resource: "StorageClass", actions: ["Add", "Update"], hint: storageClassHelps },
      { resource: "Node", actions: ["Add", "UpdateNodeLabel"] },
      { resource: "CSINode", actions: ["Add", "Update"], hint: (_pod, { before }) => before === undefined },
      { resource: "CSIDriver", actions: ["Update"] },
      { resource: "CSIStorageCapacity", actions: ["Add", "Update"], hint: capacityHelps },
    ],
  }),
});

/** What the API server will say once PreBind has written: the next pod must not take the same volumes. */
function assumeVolumes({ assumed }: Volumes, plan: VolumePlan, nodeName: string, snapshot: Snapshot): void {
  const assume = (was: KubeObject, is: KubeObject): void => {
    assumed.push({ was, is });
    snapshot.putObject(is);
  };
  for (const { claim, volume } of plan.bindings) assume(volume, volumeFor(claim, volume));
  for (const claim of plan.provisions) assume(claim, claimFor(nodeName, claim));
}

function isOwnClaim(pod: PodInfo, { after }: ClusterEvent): boolean {
  if (after === undefined || after.metadata.namespace !== pod.namespace) return false;
  return podClaims(pod.pod).some((claim) => claim.name === after.metadata.name);
}

function storageClassHelps(_pod: PodInfo, { before, after }: ClusterEvent): boolean {
  if (before === undefined) return true;
  const topologies = (object: KubeObject | undefined): string =>
    JSON.stringify((object as StorageClass | undefined)?.allowedTopologies ?? []);
  return topologies(before) !== topologies(after);
}

function capacityHelps(_pod: PodInfo, { before, after }: ClusterEvent): boolean {
  if (before === undefined || after === undefined) return true;
  const [old, next] = [before as CSIStorageCapacity, after as CSIStorageCapacity];
  const grew = (was: string | undefined, is: string | undefined): boolean =>
    is !== undefined && (was === undefined || compareQuantities(is, was) > 0);
  return grew(old.maximumVolumeSize, next.maximumVolumeSize) || grew(old.capacity, next.capacity);
}
