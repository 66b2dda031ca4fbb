import { type PersistentVolume, podClaims, type StorageClass, storageClassOf } from "../../model/index.ts";
import type { ClusterEvent } from "../framework/cluster-event.ts";
import type { StateData } from "../framework/cycle-state.ts";
import { definePlugin } from "../framework/plugin.ts";
import { type Status, skip, unresolvable } from "../framework/status.ts";
import type { NodeInfo } from "../snapshot/node-info.ts";
import type { PodInfo } from "../snapshot/pod-info.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import { claimNotFound } from "./volume-claims.ts";

const name = "VolumeZone";
const rejected = unresolvable("node(s) had no available volume zone");

/** The old labels with the ones that replaced them, and the new ones as they are. */
const stableKeyOf = new Map([
  ["failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone"],
  ["failure-domain.beta.kubernetes.io/region", "topology.kubernetes.io/region"],
  ["topology.kubernetes.io/zone", "topology.kubernetes.io/zone"],
  ["topology.kubernetes.io/region", "topology.kubernetes.io/region"],
]);

interface Topology {
  readonly key: string;
  readonly values: readonly string[];
}

class Topologies implements StateData {
  readonly list: readonly Topology[];
  constructor(list: readonly Topology[]) {
    this.list = list;
  }
  clone(): this {
    return this;
  }
}

/** Volumes that carry zone or region labels are used there only. */
export const volumeZone = definePlugin({
  name,
  create: (_args, { snapshot }) => ({
    name,
    preFilter: (state, pod) => {
      const topologies = topologiesOf(pod, snapshot);
      if (!Array.isArray(topologies)) return topologies as Status;
      if (topologies.length === 0) return skip;
      state.write(name, new Topologies(topologies));
      return undefined;
    },
    filter: (state, _pod, node) => {
      const topologies = state.read<Topologies>(name)?.list;
      return topologies === undefined || reaches(topologies, node) ? undefined : rejected;
    },
    events: [
      {
        resource: "StorageClass",
        actions: ["Add"],
        hint: (_pod, { after }) => (after as StorageClass | undefined)?.volumeBindingMode === "WaitForFirstConsumer",
      },
      { resource: "Node", actions: ["Add", "UpdateNodeLabel"] },
      { resource: "PersistentVolumeClaim", actions: ["Add", "Update"], hint: isOwnClaim },
      { resource: "PersistentVolume", actions: ["Add", "Update"], hint: topologyChanged },
    ],
  }),
});

function topologiesOf(pod: PodInfo, { objects }: Snapshot): Topology[] | Status {
  const topologies: Topology[] = [];
  for (const { name: claimName } of podClaims(pod.pod)) {
    const claim = objects.get("PersistentVolumeClaim", claimName, pod.namespace);
    if (claim === undefined) return unresolvable(claimNotFound(claimName));
    const volumeName = claim.spec.volumeName ?? "";
    if (volumeName === "") {
      const className = storageClassOf(claim);
      if (className === "") return unresolvable("PersistentVolumeClaim had no pv name and storageClass name");
      const storageClass = objects.get("StorageClass", className);
      if (storageClass === undefined) {
        return unresolvable(`storageclasses.storage.k8s.io "${className}" not found`);
      }
      if (storageClass.volumeBindingMode === "WaitForFirstConsumer") continue;
      return unresolvable("PersistentVolume had no name");
    }
    const volume = objects.get("PersistentVolume", volumeName);
    if (volume === undefined) return unresolvable(`persistentvolume "${volumeName}" not found`);
    topologies.push(...topologiesOfVolume(volume));
  }
  return topologies;
}

function topologiesOfVolume(volume: PersistentVolume): Topology[] {
  const topologies: Topology[] = [];
  for (const key of stableKeyOf.keys()) {
    const value = volume.metadata.labels?.[key];
    if (value !== undefined) topologies.push({ key, values: value.split("__").map((zone) => zone.trim()) });
  }
  return topologies;
}

/** A node without any of the labels is not bound to places. */
function reaches(topologies: readonly Topology[], { labels }: NodeInfo): boolean {
  let constrained = false;
  for (const key of stableKeyOf.keys()) if (labels[key] !== undefined) constrained = true;
  if (!constrained) return true;
  for (const { key, values } of topologies) {
    const value = labels[key] ?? labels[stableKeyOf.get(key)!];
    if (value === undefined || !values.includes(value)) return false;
  }
  return true;
}

function isOwnClaim(pod: PodInfo, { after }: ClusterEvent): boolean {
  if (after === undefined || after.metadata.namespace !== pod.namespace) return false;
  return podClaims(pod.pod).some((claim) => claim.name === after.metadata.name);
}

function topologyChanged(_pod: PodInfo, { before, after }: ClusterEvent): boolean {
  if (before === undefined || after === undefined) return true;
  return [...stableKeyOf.keys()].some((key) => before.metadata.labels?.[key] !== after.metadata.labels?.[key]);
}
