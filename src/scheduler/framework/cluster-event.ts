import type { KubeObject } from "../../model/index.ts";
import type { NodeInfo } from "../snapshot/node-info.ts";
import type { PodInfo } from "../snapshot/pod-info.ts";

/** What an event is about. A waiting pod's own updates are `UnschedulablePod`. */
export type EventResource =
  | "AssignedPod"
  | "UnschedulablePod"
  | "Node"
  | "PersistentVolume"
  | "PersistentVolumeClaim"
  | "StorageClass"
  | "CSINode"
  | "CSIDriver"
  | "CSIStorageCapacity"
  | "VolumeAttachment";

/** What happened, as finely as upstream tells updates apart. */
export type EventAction =
  | "Add"
  | "Delete"
  | "Update"
  | "UpdateNodeAllocatable"
  | "UpdateNodeLabel"
  | "UpdateNodeTaint"
  | "UpdateNodeCondition"
  | "UpdateNodeAnnotation"
  | "UpdatePodLabel"
  | "UpdatePodScaleDown"
  | "UpdatePodToleration"
  | "UpdatePodSchedulingGatesEliminated";

/** One event that may make waiting pods schedulable, with the objects before and after it. */
export interface ClusterEvent {
  readonly resource: EventResource;
  readonly action: EventAction;
  readonly podBefore?: PodInfo;
  readonly podAfter?: PodInfo;
  /** Without pods: only the node itself. */
  readonly nodeBefore?: NodeInfo;
  readonly nodeAfter?: NodeInfo;
  readonly before?: KubeObject;
  readonly after?: KubeObject;
}

/** A plugin's interest in events; `hint` answers whether this one may help this pod. Absent: it always may. */
export interface ClusterEventWithHint {
  readonly resource: EventResource;
  readonly actions: readonly EventAction[];
  readonly hint?: (pod: PodInfo, event: ClusterEvent) => boolean;
}

const storageKinds: ReadonlySet<EventResource> = new Set([
  "StorageClass",
  "CSINode",
  "CSIDriver",
  "CSIStorageCapacity",
  "VolumeAttachment",
]);

/** Upstream's name of an event, such as `AssignedPodDelete` or `NodeUpdateNodeTaint`. */
export function eventLabel({ resource, action }: ClusterEvent): string {
  return `${storageKinds.has(resource) ? "storage.k8s.io/" : ""}${resource}${action}`;
}
