import { type FieldError, forbidden, invalid } from "../field-error.ts";
import type {
  ConfigMap,
  DaemonSet,
  Deployment,
  Job,
  JobSpec,
  Node,
  PersistentVolumeClaim,
  PriorityClass,
  ReplicaSet,
  Secret,
  Service,
  StatefulSet,
  StorageClass,
} from "../generated/api-types.ts";
import { sameContent } from "../same-content.ts";
import { validatePodUpdate } from "./pod.ts";

const immutable = "field is immutable";

function unchanged(after: unknown, before: unknown, field: string): FieldError[] {
  return sameContent(after, before) ? [] : [invalid(field, after ?? null, immutable)];
}

type WithSelector = Pick<Deployment | ReplicaSet | DaemonSet, "spec">;

const fixedSelector = (after: WithSelector, before: WithSelector): FieldError[] =>
  unchanged(after.spec.selector, before.spec.selector, "spec.selector");

function validateStatefulSetUpdate({ spec: after }: StatefulSet, { spec: before }: StatefulSet): FieldError[] {
  const free = { replicas: 0, ordinals: {}, template: {}, updateStrategy: {}, revisionHistoryLimit: 0 };
  const mask = { ...free, persistentVolumeClaimRetentionPolicy: {}, minReadySeconds: 0 };
  if (sameContent({ ...after, ...mask }, { ...before, ...mask })) return [];
  const detail =
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";
  return [forbidden("spec", detail)];
}

function validateJobUpdate({ spec: after }: Job, { spec: before }: Job): FieldError[] {
  const errors: FieldError[] = [];
  errors.push(...validateCompletionsUpdate(after, before));
  errors.push(...unchanged(after.selector, before.selector, "spec.selector"));
  errors.push(...unchanged(after.template, before.template, "spec.template"));
  for (const key of [
    "completionMode",
    "podFailurePolicy",
    "backoffLimitPerIndex",
    "managedBy",
    "successPolicy",
  ] as const) {
    errors.push(...unchanged(after[key], before[key], `spec.${key}`));
  }
  return errors;
}

/** An Indexed Job may grow or shrink if its parallelism goes along. */
function validateCompletionsUpdate(after: JobSpec, before: JobSpec): FieldError[] {
  const field = "spec.completions";
  if (after.completions === before.completions) return [];
  if (after.completionMode !== "Indexed" || after.completions === undefined || before.completions === undefined) {
    return [invalid(field, after.completions ?? null, immutable)];
  }
  if (after.completions === after.parallelism) return [];
  return [invalid(field, after.completions, "can only be modified in tandem with spec.parallelism")];
}

function validateServiceUpdate({ spec: after }: Service, { spec: before }: Service): FieldError[] {
  if (before.type === "ExternalName" || after.type === "ExternalName") return [];
  const was = before.clusterIP ?? "";
  if (was === "" || after.clusterIP === was) return [];
  return [invalid("spec.clusterIPs[0]", [after.clusterIP ?? ""], "may not change once set")];
}

function validateClaimUpdate(after: PersistentVolumeClaim, before: PersistentVolumeClaim): FieldError[] {
  const bound = before.status?.phase === "Bound";
  const masked = ({ spec }: PersistentVolumeClaim): object => ({
    ...spec,
    volumeName: before.spec.volumeName === undefined ? undefined : spec.volumeName,
    volumeAttributesClassName: undefined,
    ...(bound && { resources: undefined }),
  });
  if (sameContent(masked(after), masked(before))) return [];
  const detail =
    "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims";
  return [forbidden("spec", detail)];
}

function validateNodeUpdate({ spec: after = {} }: Node, { spec: before = {} }: Node): FieldError[] {
  const errors: FieldError[] = [];
  const fixed = (key: "podCIDRs" | "providerID"): void => {
    const noun = key === "podCIDRs" ? "podCIDR" : key;
    if (before[key] === undefined || before[key]?.length === 0 || sameContent(before[key], after[key])) return;
    errors.push(forbidden(`spec.${key}`, `node updates may not change ${noun} except from "" to valid`));
  };
  fixed("podCIDRs");
  fixed("providerID");
  return errors;
}

function validateStorageClassUpdate(after: StorageClass, before: StorageClass): FieldError[] {
  const errors: FieldError[] = [];
  if (!sameContent(after.parameters, before.parameters))
    errors.push(forbidden("parameters", "updates to parameters are forbidden."));
  errors.push(...unchanged(after.provisioner, before.provisioner, "provisioner"));
  if (after.reclaimPolicy !== before.reclaimPolicy) {
    errors.push(forbidden("reclaimPolicy", "updates to reclaimPolicy are forbidden."));
  }
  return [...errors, ...unchanged(after.volumeBindingMode, before.volumeBindingMode, "volumeBindingMode")];
}

function validatePriorityClassUpdate(after: PriorityClass, before: PriorityClass): FieldError[] {
  const errors = after.value === before.value ? [] : [forbidden("value", "may not be changed in an update.")];
  return [...errors, ...unchanged(after.preemptionPolicy, before.preemptionPolicy, "preemptionPolicy")];
}

function validateDataUpdate(after: ConfigMap | Secret, before: ConfigMap | Secret): FieldError[] {
  if (before.immutable !== true) return [];
  const detail = "field is immutable when `immutable` is set";
  const errors = after.immutable === true ? [] : [forbidden("immutable", detail)];
  if (!sameContent(after.data, before.data)) errors.push(forbidden("data", detail));
  const [binary, wasBinary] = [after, before].map((object) => ("binaryData" in object ? object.binaryData : undefined));
  if (!sameContent(binary, wasBinary)) errors.push(forbidden("binaryData", detail));
  return errors;
}

/** What may not change, by kind. */
export const updateRules: ReadonlyMap<string, (after: never, before: never) => FieldError[]> = new Map<
  string,
  (after: never, before: never) => FieldError[]
>([
  ["Pod", validatePodUpdate],
  ["Deployment", fixedSelector],
  ["ReplicaSet", fixedSelector],
  ["DaemonSet", fixedSelector],
  ["StatefulSet", validateStatefulSetUpdate],
  ["Job", validateJobUpdate],
  ["Service", validateServiceUpdate],
  ["PersistentVolumeClaim", validateClaimUpdate],
  ["Node", validateNodeUpdate],
  ["StorageClass", validateStorageClassUpdate],
  ["PriorityClass", validatePriorityClassUpdate],
  ["ConfigMap", validateDataUpdate],
  ["Secret", validateDataUpdate],
]);
