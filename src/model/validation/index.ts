export { resizedPodSpec } from "./pod-resize.ts";

import { apiStruct, structOf } from "../api-schema.ts";
import type { JsonObject } from "../decode.ts";
import type { FieldError } from "../field-error.ts";
import type { Pod, Service } from "../generated/api-types.ts";
import type { TemplateMeta } from "../object-meta.ts";
import { countsGenerations, isNamespaced } from "../prepare-for-create.ts";
import { sameContent } from "../same-content.ts";
import { validateCronJob, validateJob } from "./batch.ts";
import { unchanged } from "./checks.ts";
import { validateConfigMap, validateDataUpdate, validateSecret } from "./config-data.ts";
import { validateEndpointSlice, validateEndpointSliceUpdate } from "./endpoint-slice.ts";
import { validateHorizontalPodAutoscaler } from "./horizontal-pod-autoscaler.ts";
import { validateIngress, validateIngressClass, validateIngressClassUpdate, validateNewIngress } from "./ingress.ts";
import { validateLease } from "./lease.ts";
import { validateLimitRange } from "./limit-range.ts";
import { nameRuleOf, validateObjectMeta, validateObjectMetaUpdate } from "./metadata.ts";
import { validateNetworkPolicy } from "./network-policy.ts";
import { validateNode, validateNodeUpdate } from "./node.ts";
import { validatePersistentVolume, validatePersistentVolumeUpdate } from "./persistent-volume.ts";
import { validateClaimUpdate, validatePersistentVolumeClaim } from "./persistent-volume-claim.ts";
import { validateNewPod, validatePod } from "./pod.ts";
import { validatePodDisruptionBudget } from "./pod-disruption-budget.ts";
import { validatePodResize } from "./pod-resize.ts";
import { validatePodUpdate } from "./pod-update.ts";
import { validatePriorityClass, validatePriorityClassUpdate } from "./priority-class.ts";
import { validateRole, validateRoleBinding, validateRoleBindingUpdate } from "./rbac.ts";
import { fixedScopes, validateResourceQuota } from "./resource-quota.ts";
import { validateRuntimeClass } from "./runtime-class.ts";
import { validateService, validateServiceUpdate } from "./service.ts";
import { validateStorageClass, validateStorageClassUpdate } from "./storage-class.ts";
import { fixedSelector, validateJobUpdate, validateStatefulSetUpdate } from "./updates.ts";
import {
  validateControllerRevision,
  validateDaemonSet,
  validateDeployment,
  validateReplicaSet,
  validateReplicationController,
  validateStatefulSet,
} from "./workloads.ts";

/** Rules of a kind beside its metadata. Each takes objects of its kind, which decoding has made sure of. */
interface KindRules {
  /** Of an object as it stands, new or changed; parts that `before` has already were found good then. */
  readonly own: (object: never, before?: never) => FieldError[];
  /** Of a new object, where it is asked more. */
  readonly ofNew?: (object: never) => FieldError[];
  readonly ofChange?: (after: never, before: never) => FieldError[];
  /** Whether a changed object is looked at as a whole before ("first") or after ("last") the change itself, or not at all. */
  readonly whenChanged?: "first" | "last" | "never";
}

const kinds: ReadonlyMap<string, KindRules> = new Map<string, KindRules>([
  ["Pod", { own: validatePod, ofNew: validateNewPod, ofChange: validatePodUpdate }],
  ["Deployment", { own: validateDeployment, ofChange: fixedSelector }],
  ["ReplicaSet", { own: validateReplicaSet, ofChange: fixedSelector }],
  ["DaemonSet", { own: validateDaemonSet, ofChange: fixedSelector }],
  ["StatefulSet", { own: validateStatefulSet, ofChange: validateStatefulSetUpdate }],
  ["ReplicationController", { own: validateReplicationController }],
  [
    "ControllerRevision",
    {
      own: validateControllerRevision,
      ofChange: (after: { data: unknown }, before: { data: unknown }) => unchanged(after.data, before.data, "data"),
    },
  ],
  ["Job", { own: validateJob, ofChange: validateJobUpdate }],
  ["CronJob", { own: validateCronJob }],
  ["Service", { own: validateService, ofChange: validateServiceUpdate, whenChanged: "last" }],
  ["ConfigMap", { own: validateConfigMap, ofChange: validateDataUpdate, whenChanged: "last" }],
  ["Secret", { own: validateSecret, ofChange: validateDataUpdate, whenChanged: "last" }],
  ["ResourceQuota", { own: validateResourceQuota, ofChange: fixedScopes }],
  ["LimitRange", { own: validateLimitRange }],
  ["PersistentVolume", { own: validatePersistentVolume, ofChange: validatePersistentVolumeUpdate }],
  ["PersistentVolumeClaim", { own: validatePersistentVolumeClaim, ofChange: validateClaimUpdate }],
  ["Node", { own: validateNode, ofChange: validateNodeUpdate, whenChanged: "never" }],
  ["HorizontalPodAutoscaler", { own: validateHorizontalPodAutoscaler }],
  ["PodDisruptionBudget", { own: validatePodDisruptionBudget }],
  ["PriorityClass", { own: validatePriorityClass, ofChange: validatePriorityClassUpdate, whenChanged: "never" }],
  ["StorageClass", { own: validateStorageClass, ofChange: validateStorageClassUpdate, whenChanged: "never" }],
  ["Lease", { own: validateLease }],
  ["EndpointSlice", { own: validateEndpointSlice, ofChange: validateEndpointSliceUpdate }],
  ["NetworkPolicy", { own: validateNetworkPolicy }],
  ["Ingress", { own: validateIngress, ofNew: validateNewIngress }],
  ["IngressClass", { own: validateIngressClass, ofChange: validateIngressClassUpdate, whenChanged: "last" }],
  ["Role", { own: validateRole }],
  ["ClusterRole", { own: validateRole }],
  ["RoleBinding", { own: validateRoleBinding, ofChange: validateRoleBindingUpdate }],
  ["ClusterRoleBinding", { own: validateRoleBinding, ofChange: validateRoleBindingUpdate }],
  [
    "RuntimeClass",
    {
      own: validateRuntimeClass,
      ofChange: (after: JsonObject, before: JsonObject) => unchanged(after["handler"], before["handler"], "handler"),
      whenChanged: "never",
    },
  ],
]);

/** Complaints about a new object (defaulted and prepared), in upstream's words and order. */
export function validateCreate(object: JsonObject): FieldError[] {
  const kind = object["kind"] as string;
  const meta = validateObjectMeta(object["metadata"] as TemplateMeta, nameRuleOf(kind), isNamespaced(kind));
  const rules = kinds.get(kind);
  return [...meta, ...((rules?.ofNew ?? rules?.own)?.(object as never) ?? [])];
}

/** Complaints about a change: what may not change, and the object that comes of it. */
export function validateUpdate(before: JsonObject, after: JsonObject): FieldError[] {
  const kind = after["kind"] as string;
  const meta = validateObjectMetaUpdate(after["metadata"] as TemplateMeta, before["metadata"] as TemplateMeta);
  const twice = [...meta, ...meta]; // Metadata is asked about by the registry and by the kind's strategy.
  const rules = kinds.get(kind);
  if (rules === undefined) return twice;
  const changes = rules.ofChange?.(after as never, before as never) ?? [];
  if (rules.whenChanged === "never") return [...twice, ...changes];
  const own = rules.own(after as never, before as never);
  return rules.whenChanged === "last" ? [...twice, ...changes, ...own] : [...twice, ...own, ...changes];
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
  if (object["kind"] === "Service") return endpointsPart((object["spec"] ?? {}) as Service["spec"]);
  if (!whole) return object["spec"] ?? {};
  const { metadata: _metadata, status: _status, ...rest } = object;
  return rest;
}

/** Of a Service as far as recorded: other ports and selectors count, another type and node ports do not. */
function endpointsPart({ selector, ports }: Service["spec"]): object {
  return { selector, ports: ports?.map(({ nodePort: _nodePort, ...port }) => port) };
}
