import type { KubeObject, Node, OwnerReference, Pod, VolumeAttachment } from "../../src/model/index.ts";
import type { ControlPlane } from "./control-plane.ts";

type Json = Record<string, unknown>;

/** Kinds whose status and names say what became of them. */
const told = [
  "Deployment",
  "ReplicaSet",
  "ReplicationController",
  "StatefulSet",
  "DaemonSet",
  "Job",
  "CronJob",
  "PodDisruptionBudget",
  "ResourceQuota",
  "HorizontalPodAutoscaler",
  "PersistentVolumeClaim",
  "PersistentVolume",
  "Namespace",
  "ServiceAccount",
  "ConfigMap",
  "ControllerRevision",
  "Service",
] as const;

/** Fields that name an instant or an object of this life, and notes of what was evicted when. */
const moments =
  /^(conditions|startTime|completionTime|lastScaleTime|lastSuccessfulTime|lastPhaseTransitionTime|uid|resourceVersion)$/;

/** What is left when nothing moves: of each object what its owner wrote, of pods and endpoints how many are how. */
export function atRest(plane: ControlPlane): Json {
  const state: Json = {};
  const count = (what: string): void => {
    state[what] = ((state[what] as number | undefined) ?? 0) + 1;
  };
  for (const kind of told) {
    for (const object of plane.list<KubeObject & { spec?: { replicas?: number }; status?: Json }>(kind)) {
      const { name, namespace = "" } = object.metadata;
      const { claimRef } = (object.spec ?? {}) as { claimRef?: { name?: string } };
      const owner = ownerOf(object.metadata.ownerReferences);
      const finalizers = (object.metadata.finalizers ?? []).join(",");
      const conditions = (object.status?.["conditions"] ?? []) as readonly { type: string; status: string }[];
      state[`${kind} ${namespace}/${claimRef?.name ?? name}${owner}`] = {
        finalizers,
        replicas: object.spec?.replicas,
        deleting: object.metadata.deletionTimestamp !== undefined,
        conditions: conditions.map(({ type, status }) => `${type}=${status}`).sort(),
        status: withoutMoments(object.status),
      };
    }
  }
  for (const { metadata, spec, status } of plane.list<Pod>("Pod")) {
    const deleting = metadata.deletionTimestamp === undefined ? "" : " deleting";
    const ready = status.conditions?.find(({ type }) => type === "Ready")?.status;
    count(`pod${ownerOf(metadata.ownerReferences)} ${status.phase} ready=${ready} on ${spec.nodeName}${deleting}`);
  }
  for (const { metadata, spec, status } of plane.list<Node>("Node")) {
    const taints = (spec.taints ?? []).map(({ key, effect }) => `${key}:${effect}`).sort();
    const ready = status.conditions?.find(({ type }) => type === "Ready")?.status;
    const attached = status.volumesAttached?.length ?? 0;
    state[`node ${metadata.name}`] = { taints, ready, attached };
  }
  for (const { spec, status } of plane.list<VolumeAttachment>("VolumeAttachment"))
    count(`attachment ${spec.attacher} attached=${status.attached}`);
  for (const slice of plane.list<KubeObject & { endpoints?: { conditions?: object }[] }>("EndpointSlice")) {
    count(`slice${ownerOf(slice.metadata.ownerReferences)}`);
    for (const { conditions } of slice.endpoints ?? [])
      count(`endpoint${ownerOf(slice.metadata.ownerReferences)} ${JSON.stringify(conditions)}`);
  }
  return state;
}

function ownerOf(owners: readonly OwnerReference[] = []): string {
  return owners.map(({ kind, name }) => ` of ${kind} ${name}`).join("");
}

function withoutMoments(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutMoments);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([key]) => !moments.test(key));
  return Object.fromEntries(entries.map(([key, inner]) => [key, withoutMoments(inner)]));
}
