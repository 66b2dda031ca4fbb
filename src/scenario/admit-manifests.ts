import { ApiServer, type NewObject, Store } from "../apiserver/index.ts";
import { type ScaledObject, targetOf } from "../autoscaler/index.ts";
import {
  decodeObject,
  type HorizontalPodAutoscaler,
  isKnownKind,
  kindInfos,
  structOf,
  WallClock,
} from "../model/index.ts";
import { EventLoop } from "../sim/index.ts";
import type { Complaint } from "./complaint.ts";
import type { Manifest } from "./manifests.ts";
import { isScaledObject } from "./scaled-object-schema.ts";
import { isSimulatedVersion } from "./served-versions.ts";

export interface AdmittedManifests {
  readonly objects: readonly NewObject[];
  readonly complaints: readonly Complaint[];
  readonly assumptions: readonly string[];
  readonly notSimulated: readonly { readonly kind: string; readonly count: number }[];
}

/** Kinds that something in the simulation acts on, or reads. All others are kept and listed. */
export const simulatedKinds: ReadonlySet<string> = new Set([
  "Pod",
  "Namespace",
  "Node",
  "Service",
  "ConfigMap",
  "Secret",
  "PersistentVolume",
  "PersistentVolumeClaim",
  "LimitRange",
  "ResourceQuota",
  "Deployment",
  "ReplicaSet",
  "StatefulSet",
  "DaemonSet",
  "ReplicationController",
  "Job",
  "CronJob",
  "HorizontalPodAutoscaler",
  "PodDisruptionBudget",
  "PriorityClass",
  "StorageClass",
  "ScaledObject",
]);

/** Shows the manifests to an API server of their own, as `kubectl apply` would: what it refuses is the user's mistake. */
export function admitManifests(manifests: readonly Manifest[]): AdmittedManifests {
  const loop = new EventLoop();
  const server = new ApiServer(new Store(loop, new WallClock(0)), "manifests");
  const complaints: Complaint[] = [];
  const objects: NewObject[] = [];
  const missing = missingNamespaces(manifests);
  const assumptions = missing.map((name) => `namespace ${name} exists (no manifest creates it)`);
  for (const name of ["default", "kube-system", "kube-public", "kube-node-lease", ...missing]) {
    server.handle({ verb: "create", object: namespace(name) });
  }
  for (const { object, at } of manifests) {
    const rival = isScaledObject(object) ? rivalOf(object, manifests) : undefined;
    if (rival === undefined) continue;
    const path = `ScaledObject ${object.metadata.name}`;
    const expected = "a workload that no HPA scales (KEDA refuses a second one)";
    complaints.push({ code: "ALREADY_SCALED", at, path, expected, found: `one that hpa ${rival} scales` });
  }
  const notSimulated = new Map<string, number>();
  for (const { object, at } of manifests) {
    const reply = server.handle({ verb: "create", object });
    if (!reply.ok && reply.error.reason !== "AlreadyExists") {
      const { kind, metadata } = object;
      const path = `${kind} ${metadata.name ?? metadata.generateName}`;
      const expected = "an object that the API server accepts";
      complaints.push({ code: "REFUSED_BY_API_SERVER", at, path, expected, found: reply.error.message });
      continue;
    }
    objects.push(object);
    const { kind: ownKind, metadata } = object;
    for (const field of unknownFieldsOf(object))
      assumptions.push(`${ownKind} ${metadata.name}: unknown field "${field}" is ignored (kubectl would refuse it)`);
    if (simulatedKinds.has(object.kind) && isSimulatedVersion(object)) continue;
    const kind =
      isKnownKind(object.kind) && !isSimulatedVersion(object) ? `${object.apiVersion} ${object.kind}` : object.kind;
    notSimulated.set(kind, (notSimulated.get(kind) ?? 0) + 1);
  }
  return {
    objects: [...missing.map(namespace), ...objects],
    complaints,
    assumptions,
    notSimulated: [...notSimulated]
      .map(([kind, count]) => ({ kind, count }))
      .sort((a, b) => (a.kind < b.kind ? -1 : 1)),
  };
}

/** Fields that the kind does not have: a server drops them unless it is asked to be strict, as kubectl does. */
function unknownFieldsOf(object: NewObject): readonly string[] {
  return structOf(object.apiVersion, object.kind) === undefined ? [] : decodeObject(object as never).unknownFields;
}

/** Name of an HPA that scales what a ScaledObject wants to. */
function rivalOf({ metadata, spec }: NewObject, manifests: readonly Manifest[]): string | undefined {
  const { scaleTargetRef } = spec as ScaledObject["spec"];
  const { kind } = targetOf({ spec: spec as ScaledObject["spec"] });
  const rival = manifests.find(({ object }) => {
    if (object.kind !== "HorizontalPodAutoscaler" || object.metadata.namespace !== metadata.namespace) return false;
    const target = (object.spec as HorizontalPodAutoscaler["spec"] | undefined)?.scaleTargetRef;
    return target?.kind === kind && target.name === scaleTargetRef.name;
  });
  return rival?.object.metadata.name;
}

/** Namespaces that objects are in and no manifest creates: a user would have made them by hand. */
function missingNamespaces(manifests: readonly Manifest[]): string[] {
  const there = new Set(["default", "kube-system", "kube-public", "kube-node-lease"]);
  for (const { object } of manifests) if (object.kind === "Namespace") there.add(object.metadata.name ?? "");
  const missing = new Set<string>();
  for (const { object } of manifests) {
    const { namespace } = object.metadata;
    const scoped = isKnownKind(object.kind) && !kindInfos[object.kind].namespaced;
    if (namespace !== undefined && !scoped && !there.has(namespace)) missing.add(namespace);
  }
  return [...missing].sort();
}

function namespace(name: string): NewObject {
  return { apiVersion: "v1", kind: "Namespace", metadata: { name } };
}
