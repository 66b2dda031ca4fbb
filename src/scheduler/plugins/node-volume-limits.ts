import {
  type CSINode,
  type CsiVolume,
  csiVolumeOf,
  isMigratable,
  type PersistentVolumeSpec,
  type Pod,
  podClaims,
  storageClassOf,
  type VolumeAttachment,
} from "../../model/index.ts";
import type { ClusterEvent } from "../framework/cluster-event.ts";
import { definePlugin } from "../framework/plugin.ts";
import { type Status, skip, unresolvable, unschedulable } from "../framework/status.ts";
import type { ClusterObjects } from "../snapshot/cluster-objects.ts";
import type { NodeInfo } from "../snapshot/node-info.ts";
import type { PodInfo } from "../snapshot/pod-info.ts";
import { claimNotFound } from "./volume-claims.ts";

const name = "NodeVolumeLimits";
const exceeded = unschedulable("node(s) exceed max volume count");

/** A CSI driver attaches so many volumes to a node and no more. */
export const nodeVolumeLimits = definePlugin({
  name,
  create: (_args, { snapshot }) => ({
    name,
    preFilter: (_state, { pod }) => {
      const relevant = pod.spec.volumes?.some(
        (volume) =>
          volume.persistentVolumeClaim !== undefined || volume.ephemeral !== undefined || isMigratable(volume),
      );
      return relevant === true ? undefined : skip;
    },
    filter: (_state, { pod }, node) => withinLimits(pod, node, snapshot.objects),
    events: [
      { resource: "CSINode", actions: ["Add", "Update"], hint: limitGrew },
      { resource: "AssignedPod", actions: ["Delete"], hint: (_pod, { podBefore }) => hadVolumes(podBefore) },
      { resource: "PersistentVolumeClaim", actions: ["Add"], hint: isOwnClaim },
      { resource: "VolumeAttachment", actions: ["Delete"] },
    ],
  }),
});

function withinLimits(pod: Pod, node: NodeInfo, objects: ClusterObjects): Status | undefined {
  if ((pod.spec.volumes?.length ?? 0) === 0) return undefined;
  const csiNode = objects.get("CSINode", node.name);
  const added = volumesOf(pod, csiNode, objects, true);
  if (typeof added === "string") return unresolvable(added);
  const limits = limitsOf(csiNode);
  if (added.size === 0 || limits.size === 0) return undefined;
  const attached = new Map<string, string>();
  for (const existing of node.pods) {
    for (const [id, driver] of volumesOf(existing.pod, csiNode, objects, false) as Map<string, string>) {
      attached.set(id, driver);
    }
  }
  for (const id of attached.keys()) added.delete(id); // A volume that pods share counts once.
  for (const attachment of objects.attachmentsOn(node.name)) {
    const volume = volumeOfAttachment(attachment, csiNode, objects);
    if (volume !== undefined) attached.set(uniqueName(volume), volume.driver);
  }
  const used = countByDriver(attached);
  for (const [driver, count] of countByDriver(added)) {
    const limit = limits.get(driver);
    if (limit !== undefined && (used.get(driver) ?? 0) + count > limit) return exceeded;
  }
  return undefined;
}

function countByDriver(volumes: ReadonlyMap<string, string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const driver of volumes.values()) counts.set(driver, (counts.get(driver) ?? 0) + 1);
  return counts;
}

const uniqueName = ({ driver, handle }: CsiVolume): string => `${driver}/${handle}`;

function limitsOf(csiNode: CSINode | undefined): ReadonlyMap<string, number> {
  const limits = new Map<string, number>();
  for (const { name: driver, allocatable } of csiNode?.spec.drivers ?? []) {
    if (allocatable?.count !== undefined) limits.set(driver, allocatable.count);
  }
  return limits;
}

/** Volumes that a CSI driver attaches, by unique name; an error text if a new pod's claim is missing. */
function volumesOf(
  pod: Pod,
  csiNode: CSINode | undefined,
  objects: ClusterObjects,
  isNew: boolean,
): Map<string, string> | string {
  const volumes = new Map<string, string>();
  const add = (volume: CsiVolume | undefined): void => {
    if (volume !== undefined) volumes.set(uniqueName(volume), volume.driver);
  };
  for (const volume of pod.spec.volumes ?? []) add(csiVolumeOf(volume, csiNode));
  const namespace = pod.metadata.namespace ?? "default";
  for (const { name: claimName } of podClaims(pod)) {
    const claim = objects.get("PersistentVolumeClaim", claimName, namespace);
    if (claim === undefined) {
      if (isNew) return claimNotFound(claimName);
      continue;
    }
    const volume = objects.get("PersistentVolume", claim.spec.volumeName ?? "");
    if (volume !== undefined) add(volumeOfSpec(volume.spec, csiNode));
    else add(volumeToCome(`${namespace}/${claimName}`, storageClassOf(claim), csiNode, objects));
  }
  return volumes;
}

function volumeOfSpec(spec: PersistentVolumeSpec, csiNode: CSINode | undefined): CsiVolume | undefined {
  if (spec.csi !== undefined) return { driver: spec.csi.driver, handle: spec.csi.volumeHandle };
  return csiVolumeOf(spec, csiNode);
}

/** A claim without a volume counts under its class' driver, by its own name. */
function volumeToCome(
  claimKey: string,
  className: string,
  csiNode: CSINode | undefined,
  objects: ClusterObjects,
): CsiVolume | undefined {
  const provisioner = objects.get("StorageClass", className)?.provisioner;
  if (provisioner === undefined) return undefined;
  const driver = csiVolumeOf({ provisioner }, csiNode)?.driver ?? provisioner;
  return { driver, handle: `to-be-provisioned-${claimKey}` };
}

function volumeOfAttachment(
  { spec }: VolumeAttachment,
  csiNode: CSINode | undefined,
  objects: ClusterObjects,
): CsiVolume | undefined {
  const { persistentVolumeName, inlineVolumeSpec } = spec.source;
  const volume = objects.get("PersistentVolume", persistentVolumeName ?? "")?.spec ?? inlineVolumeSpec;
  return volume === undefined ? undefined : volumeOfSpec(volume, csiNode);
}

function limitGrew(_pod: PodInfo, { before, after }: ClusterEvent): boolean {
  if (before === undefined) return true;
  const [old, next] = [limitsOf(before as CSINode), limitsOf(after as CSINode | undefined)];
  return [...next].some(([driver, limit]) => limit > (old.get(driver) ?? 0));
}

function hadVolumes(pod: PodInfo | undefined): boolean {
  return (pod?.pod.spec.volumes ?? []).some(
    (volume) => volume.persistentVolumeClaim !== undefined || volume.ephemeral !== undefined || isMigratable(volume),
  );
}

function isOwnClaim(pod: PodInfo, { after }: ClusterEvent): boolean {
  if (after === undefined || after.metadata.namespace !== pod.namespace) return false;
  return podClaims(pod.pod).some((claim) => claim.name === after.metadata.name);
}
