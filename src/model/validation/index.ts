export { resizedPodSpec } from "./pod-resize.ts";

import { apiStruct, structOf } from "../api-schema.ts";
import type { JsonObject } from "../decode.ts";
import type { FieldError } from "../field-error.ts";
import type { Pod } from "../generated/api-types.ts";
import type { TemplateMeta } from "../object-meta.ts";
import { countsGenerations, isNamespaced } from "../prepare-for-create.ts";
import { sameContent } from "../same-content.ts";
import { validateCronJob, validateJob } from "./batch.ts";
import {
  validateConfigMap,
  validateLimitRange,
  validateNode,
  validatePersistentVolume,
  validatePersistentVolumeClaim,
  validateResourceQuota,
  validateSecret,
  validateService,
} from "./core.ts";
import { nameRuleOf, validateObjectMeta, validateObjectMetaUpdate } from "./metadata.ts";
import {
  validateEndpointSlice,
  validateHorizontalPodAutoscaler,
  validateIngress,
  validateLease,
  validateNetworkPolicy,
  validatePodDisruptionBudget,
  validatePriorityClass,
  validateRole,
  validateRuntimeClass,
  validateStorageClass,
} from "./other-groups.ts";
import { validatePod } from "./pod.ts";
import { validatePodResize } from "./pod-resize.ts";
import { updateRules } from "./updates.ts";
import { validateDaemonSet, validateDeployment, validateReplicaSet, validateStatefulSet } from "./workloads.ts";

/** Rules of each kind beside its metadata. Each takes an object of its kind, which decoding has made sure of. */
const rules: ReadonlyMap<string, (object: never) => FieldError[]> = new Map<string, (object: never) => FieldError[]>([
  ["Pod", validatePod],
  ["Deployment", validateDeployment],
  ["ReplicaSet", validateReplicaSet],
  ["DaemonSet", validateDaemonSet],
  ["StatefulSet", validateStatefulSet],
  ["Job", validateJob],
  ["CronJob", validateCronJob],
  ["Service", validateService],
  ["ConfigMap", validateConfigMap],
  ["Secret", validateSecret],
  ["ResourceQuota", validateResourceQuota],
  ["LimitRange", validateLimitRange],
  ["PersistentVolume", validatePersistentVolume],
  ["PersistentVolumeClaim", validatePersistentVolumeClaim],
  ["Node", validateNode],
  ["HorizontalPodAutoscaler", validateHorizontalPodAutoscaler],
  ["PodDisruptionBudget", validatePodDisruptionBudget],
  ["PriorityClass", validatePriorityClass],
  ["StorageClass", validateStorageClass],
  ["Lease", validateLease],
  ["EndpointSlice", validateEndpointSlice],
  ["NetworkPolicy", validateNetworkPolicy],
  ["Ingress", validateIngress],
  ["Role", validateRole],
  ["ClusterRole", validateRole],
  ["RuntimeClass", validateRuntimeClass],
]);

/** Complaints about a new object (defaulted and prepared), in upstream's words and order. */
export function validateCreate(object: JsonObject): FieldError[] {
  const kind = object["kind"] as string;
  const meta = validateObjectMeta(object["metadata"] as TemplateMeta, nameRuleOf(kind), isNamespaced(kind));
  return [...meta, ...(rules.get(kind)?.(object as never) ?? [])];
}

/** Complaints about a change: the rules for new objects, then what may not change. */
export function validateUpdate(before: JsonObject, after: JsonObject): FieldError[] {
  const kind = after["kind"] as string;
  const meta = validateObjectMetaUpdate(after["metadata"] as TemplateMeta, before["metadata"] as TemplateMeta);
  const own = rules.get(kind)?.(after as never) ?? [];
  const changes = updateRules.get(kind)?.(after as never, before as never) ?? [];
  return [...meta, ...meta, ...own, ...changes]; // Metadata is asked about by the registry and by the kind's strategy.
}

/** Complaints about a change through the `resize` subresource of a pod. */
export function validateResize(before: Pod, after: Pod): FieldError[] {
  return [...validatePod(after), ...validatePodResize(after, before)];
}

/** `metadata.generation` after an update: one more when the kind counts and its spec changed. */
export function generationAfter(before: JsonObject, after: JsonObject): number | undefined {
  const kind = after["kind"] as string;
  const was = (before["metadata"] as TemplateMeta).generation;
  if (!countsGenerations(after["apiVersion"] as string, kind) && !countedOnUpdate.has(kind)) return was;
  const struct = structOf(after["apiVersion"] as string, kind);
  const whole = struct === undefined || !apiStruct(struct).has("spec");
  const annotations = kind === "Deployment" && !sameContent(annotationsOf(before), annotationsOf(after));
  const changed = annotations || !sameContent(content(before, whole), content(after, whole));
  return changed ? (was ?? 0) + 1 : was;
}

/** Kinds that have no generation when they are created, and get one with their first change. */
const countedOnUpdate: ReadonlySet<string> = new Set(["Service", "PersistentVolumeClaim"]);

const annotationsOf = (object: JsonObject): unknown => (object["metadata"] as TemplateMeta).annotations ?? {};

/** What counts as the spec: of custom resources, and of kinds that have none (EndpointSlice), all but metadata and status. */
function content(object: JsonObject, whole: boolean): unknown {
  if (!whole) return object["spec"] ?? {};
  const { metadata: _metadata, status: _status, ...rest } = object;
  return rest;
}
