import type * as api from "./generated/api-types.ts";
import type { KubeObject } from "./object-meta.ts";

/** Kinds whose fields we know, with their generated types. Any other kind is a `KubeObject` and kept as it came. */
export interface KnownKinds {
  Pod: api.Pod;
  Node: api.Node;
  Namespace: api.Namespace;
  Service: api.Service;
  ConfigMap: api.ConfigMap;
  Secret: api.Secret;
  Event: api.Event;
  PersistentVolume: api.PersistentVolume;
  PersistentVolumeClaim: api.PersistentVolumeClaim;
  LimitRange: api.LimitRange;
  ResourceQuota: api.ResourceQuota;
  ServiceAccount: api.ServiceAccount;
  ReplicationController: api.ReplicationController;
  Endpoints: api.Endpoints;
  Deployment: api.Deployment;
  ReplicaSet: api.ReplicaSet;
  StatefulSet: api.StatefulSet;
  DaemonSet: api.DaemonSet;
  ControllerRevision: api.ControllerRevision;
  Job: api.Job;
  CronJob: api.CronJob;
  HorizontalPodAutoscaler: api.HorizontalPodAutoscaler;
  PodDisruptionBudget: api.PodDisruptionBudget;
  EndpointSlice: api.EndpointSlice;
  PriorityClass: api.PriorityClass;
  StorageClass: api.StorageClass;
  CSINode: api.CSINode;
  CSIDriver: api.CSIDriver;
  CSIStorageCapacity: api.CSIStorageCapacity;
  VolumeAttachment: api.VolumeAttachment;
  Lease: api.Lease;
}

export type KnownKind = keyof KnownKinds;
/** The kind as written in manifests. Custom resources bring their own. */
export type Kind = KnownKind | (string & {});
export type ObjectOf<K extends Kind> = K extends KnownKind ? KnownKinds[K] : KubeObject;

export interface KindInfo {
  readonly apiVersion: string;
  /** As in URLs and error texts: `deployments` of group `apps`. */
  readonly plural: string;
  readonly group: string;
  readonly namespaced: boolean;
}

const info = (apiVersion: string, plural: string, namespaced = true): KindInfo => ({
  apiVersion,
  plural,
  group: apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "",
  namespaced,
});

/** Kinds that kube-apiserver v1.36 serves and that we know by name, with the version we store. */
export const kindInfos = {
  Pod: info("v1", "pods"),
  Node: info("v1", "nodes", false),
  Namespace: info("v1", "namespaces", false),
  Service: info("v1", "services"),
  ConfigMap: info("v1", "configmaps"),
  Secret: info("v1", "secrets"),
  Event: info("v1", "events"),
  PersistentVolume: info("v1", "persistentvolumes", false),
  PersistentVolumeClaim: info("v1", "persistentvolumeclaims"),
  LimitRange: info("v1", "limitranges"),
  ResourceQuota: info("v1", "resourcequotas"),
  ServiceAccount: info("v1", "serviceaccounts"),
  ReplicationController: info("v1", "replicationcontrollers"),
  Endpoints: info("v1", "endpoints"),
  Deployment: info("apps/v1", "deployments"),
  ReplicaSet: info("apps/v1", "replicasets"),
  StatefulSet: info("apps/v1", "statefulsets"),
  DaemonSet: info("apps/v1", "daemonsets"),
  ControllerRevision: info("apps/v1", "controllerrevisions"),
  Job: info("batch/v1", "jobs"),
  CronJob: info("batch/v1", "cronjobs"),
  HorizontalPodAutoscaler: info("autoscaling/v2", "horizontalpodautoscalers"),
  PodDisruptionBudget: info("policy/v1", "poddisruptionbudgets"),
  EndpointSlice: info("discovery.k8s.io/v1", "endpointslices"),
  PriorityClass: info("scheduling.k8s.io/v1", "priorityclasses", false),
  StorageClass: info("storage.k8s.io/v1", "storageclasses", false),
  CSINode: info("storage.k8s.io/v1", "csinodes", false),
  CSIDriver: info("storage.k8s.io/v1", "csidrivers", false),
  CSIStorageCapacity: info("storage.k8s.io/v1", "csistoragecapacities"),
  VolumeAttachment: info("storage.k8s.io/v1", "volumeattachments", false),
  Lease: info("coordination.k8s.io/v1", "leases"),
} as const satisfies Record<KnownKind, KindInfo>;

export function isKnownKind(kind: string): kind is KnownKind {
  return Object.hasOwn(kindInfos, kind);
}

/** What error texts call the resource: `pods`, `deployments.apps`. Unknown kinds get their lower-case plural. */
export function resourceName(kind: Kind, apiVersion = "v1"): string {
  if (isKnownKind(kind)) {
    const { plural, group } = kindInfos[kind];
    return group === "" ? plural : `${plural}.${group}`;
  }
  const plural = `${kind.toLowerCase()}s`;
  return apiVersion.includes("/") ? `${plural}.${apiVersion.slice(0, apiVersion.indexOf("/"))}` : plural;
}
