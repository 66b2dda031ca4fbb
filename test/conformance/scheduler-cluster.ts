import type { KubeObject, Node, Pod } from "../../src/model/index.ts";
import {
  type ClusterObjectKind,
  Framework,
  loadConfiguration,
  podInfo,
  pluginRegistry,
  type SchedulerConfiguration,
  Snapshot,
} from "../../src/scheduler/index.ts";

/** A recorded cluster: objects without apiVersion and kind, absent parts left out. */
export interface RecordedCluster {
  readonly nodes?: readonly Node[];
  readonly pods?: readonly Pod[];
  readonly pending?: readonly Pod[];
  readonly [list: string]: readonly KubeObject[] | undefined;
}

const kindOfList: Readonly<Record<string, ClusterObjectKind>> = {
  namespaces: "Namespace",
  services: "Service",
  replicationControllers: "ReplicationController",
  replicaSets: "ReplicaSet",
  statefulSets: "StatefulSet",
  podDisruptionBudgets: "PodDisruptionBudget",
  persistentVolumes: "PersistentVolume",
  persistentVolumeClaims: "PersistentVolumeClaim",
  storageClasses: "StorageClass",
  csiNodes: "CSINode",
  csiDrivers: "CSIDriver",
  csiStorageCapacities: "CSIStorageCapacity",
  volumeAttachments: "VolumeAttachment",
};

/** Recordings leave out kinds and what is empty; decisions read objects as the API server stores them. */
export function completed<T>(kind: string, object: T): T {
  const parts = object as { spec?: unknown; status?: unknown };
  return { ...object, kind, apiVersion: "v1", spec: parts.spec ?? {}, status: parts.status ?? {} };
}

export function snapshotOf(cluster: RecordedCluster): Snapshot {
  const snapshot = new Snapshot();
  for (const node of cluster.nodes ?? []) snapshot.setNode(completed("Node", node));
  const namespaces = cluster["namespaces"] ?? [{ metadata: { name: "default" } } as KubeObject];
  for (const [list, kind] of Object.entries(kindOfList)) {
    const objects = kind === "Namespace" ? namespaces : (cluster[list] ?? []);
    for (const object of objects) snapshot.putObject(completed(kind, object));
  }
  for (const pod of cluster.pods ?? []) snapshot.setPod(completed("Pod", pod));
  for (const pod of cluster.pending ?? []) nominate(snapshot, completed("Pod", pod));
  return snapshot;
}

/** A waiting pod that holds room on its nominated node. */
export function nominate(snapshot: Snapshot, pod: Pod): void {
  const nodeName = pod.status.nominatedNodeName ?? "";
  if (nodeName !== "") snapshot.nominated.set(podInfo(pod), nodeName);
}

export interface RecordedScheduler {
  readonly configuration: SchedulerConfiguration;
  readonly framework: Framework;
}

/** The scheduler of a recorded configuration, with its first profile. */
export function schedulerOf(config: unknown, snapshot: Snapshot): RecordedScheduler {
  const configuration = loadConfiguration(config ?? undefined);
  return { configuration, framework: new Framework(configuration.profiles[0]!, pluginRegistry(), snapshot) };
}
