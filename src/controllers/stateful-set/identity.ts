import type { NewObject } from "../../apiserver/index.ts";
import {
  controllerReference,
  type PersistentVolumeClaim,
  type Pod,
  type PodSpec,
  type PodTemplateSpec,
  type StatefulSet,
  type Volume,
} from "../../model/index.ts";

/** The number behind the set's name; -1 for a pod that is not named so. */
export function ordinalOf(name: string, set: StatefulSet): number {
  const prefix = `${set.metadata.name}-`;
  const digits = name.startsWith(prefix) ? name.slice(prefix.length) : "";
  return /^(0|[1-9]\d*)$/.test(digits) ? Number(digits) : -1;
}

export function podNameOf(set: StatefulSet, ordinal: number): string {
  return `${set.metadata.name}-${ordinal}`;
}

export function claimNameOf(template: PersistentVolumeClaim, set: StatefulSet, ordinal: number): string {
  return `${template.metadata.name}-${podNameOf(set, ordinal)}`;
}

/** The pod of an ordinal: a name and volumes of its own, which its successors inherit. */
export function podOf(set: StatefulSet, template: PodTemplateSpec, revision: string, ordinal: number): NewObject {
  const name = podNameOf(set, ordinal);
  const { labels, annotations, finalizers } = template.metadata ?? {};
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      generateName: `${set.metadata.name}-`,
      namespace: set.metadata.namespace,
      labels: {
        ...labels,
        "apps.kubernetes.io/pod-index": `${ordinal}`,
        "controller-revision-hash": revision,
        "statefulset.kubernetes.io/pod-name": name,
      },
      ...(annotations && { annotations }),
      ...(finalizers && { finalizers }),
      ownerReferences: [controllerReference(set)],
    },
    spec: specOf(set, template.spec!, ordinal),
  };
}

function specOf(set: StatefulSet, spec: PodSpec, ordinal: number): PodSpec {
  const { serviceName } = set.spec;
  const named = { ...spec, hostname: podNameOf(set, ordinal), ...(serviceName && { subdomain: serviceName }) };
  const claims = set.spec.volumeClaimTemplates ?? [];
  if (claims.length === 0) return named;
  const ours = claims.map(
    (claim): Volume => ({
      name: claim.metadata.name,
      persistentVolumeClaim: { claimName: claimNameOf(claim, set, ordinal) },
    }),
  );
  const names = new Set(ours.map(({ name }) => name));
  return { ...named, volumes: [...ours, ...(spec.volumes ?? []).filter(({ name }) => !names.has(name))] };
}

/** The claim of an ordinal, owned by the set or the pod where the retention policy says so. */
export function claimOf(set: StatefulSet, template: PersistentVolumeClaim, ordinal: number): NewObject {
  const { labels, annotations } = template.metadata;
  const owned = set.spec.persistentVolumeClaimRetentionPolicy?.whenDeleted === "Delete";
  return {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: {
      name: claimNameOf(template, set, ordinal),
      namespace: set.metadata.namespace,
      labels: { ...labels, ...set.spec.selector.matchLabels },
      ...(annotations && { annotations }),
      ...(owned && { ownerReferences: [ownerReference(set)] }),
    },
    spec: template.spec,
  };
}

/** An owner that does not manage: the garbage collector takes the claim with it, and nothing else. */
export function ownerReference(owner: StatefulSet | Pod) {
  const { name, uid } = owner.metadata;
  return { apiVersion: owner.kind === "Pod" ? "v1" : "apps/v1", kind: owner.kind, name, uid, controller: true };
}
