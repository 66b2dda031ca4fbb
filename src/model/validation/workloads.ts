import { type FieldError, forbidden, invalid, notSupported, required } from "../field-error.ts";
import type {
  ControllerRevision,
  DaemonSet,
  Deployment,
  LabelSelector,
  PodTemplateSpec,
  ReplicaSet,
  ReplicationController,
  StatefulSet,
} from "../generated/api-types.ts";
import { dns1123Label } from "../names.ts";
import type { IntOrString } from "../object-meta.ts";
import { containsLabels, matchesLabelSelector, validateLabelSelector } from "../selectors.ts";
import { intOrPercent, isZero, notNegative, oneOf, percentValue } from "./checks.ts";
import { validateClaimSpec } from "./persistent-volume-claim.ts";
import { shownLabels, validateTemplate } from "./templates.ts";

const isEmptySelector = (selector: LabelSelector): boolean =>
  Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions?.length ?? 0) === 0;

interface Owner {
  readonly kind: string;
  readonly selector: LabelSelector | undefined;
  readonly template: PodTemplateSpec;
}

/** The selector must match its own template, whose pods restart always. */
function validateOwnTemplate({ kind, selector, template }: Owner): FieldError[] {
  const errors: FieldError[] = [];
  const labels = template.metadata?.labels;
  const everything = selector !== undefined && isEmptySelector(selector);
  if (!everything && !matchesLabelSelector(selector, labels)) errors.push(unmatched(labels));
  return [...errors, ...validateTemplate(template, "spec.template"), ...validateRestarting(kind, template)];
}

const unmatched = (labels: Readonly<Record<string, string>> | undefined): FieldError =>
  invalid("spec.template.metadata.labels", shownLabels(labels), "`selector` does not match template `labels`");

/** Pods of workloads that keep a number of them restart always and have no deadline. */
function validateRestarting(kind: string, { spec }: PodTemplateSpec): FieldError[] {
  const errors = oneOf(spec?.restartPolicy, ["Always"], "spec.template.spec.restartPolicy");
  if (spec?.activeDeadlineSeconds === undefined) return errors;
  const at = "spec.template.spec.activeDeadlineSeconds";
  return [...errors, forbidden(at, `activeDeadlineSeconds in ${kind} is not Supported`)];
}

function validateSelector(selector: LabelSelector | undefined, noun: string): FieldError[] {
  if (selector === undefined) return [required("spec.selector")];
  const errors = validateLabelSelector(selector, "spec.selector");
  if (isEmptySelector(selector)) {
    errors.push(invalid("spec.selector", selector, `empty selector is invalid for ${noun}`));
  }
  return errors;
}

const isValidSelector = (selector: LabelSelector | undefined): boolean =>
  validateLabelSelector(selector, "").length === 0;

/** Upstream: pkg/apis/apps/validation `ValidateDeploymentSpec`. */
export function validateDeployment({ spec }: Deployment): FieldError[] {
  const errors = notNegative(spec.replicas, "spec.replicas");
  const { selector, template } = spec;
  errors.push(...validateSelector(selector, "deployment"));
  if (isValidSelector(selector)) errors.push(...validateOwnTemplate({ kind: "ReplicaSet", selector, template }));
  else errors.push(invalid("spec.selector", selector, "invalid label selector"));
  errors.push(...validateStrategy(spec.strategy ?? {}, "spec.strategy"));
  errors.push(...notNegative(spec.minReadySeconds, "spec.minReadySeconds"));
  errors.push(...notNegative(spec.revisionHistoryLimit, "spec.revisionHistoryLimit"));
  const deadline = spec.progressDeadlineSeconds;
  if (deadline !== undefined) {
    errors.push(...notNegative(deadline, "spec.progressDeadlineSeconds"));
    if (deadline <= (spec.minReadySeconds ?? 0)) {
      errors.push(invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds"));
    }
  }
  return errors;
}

/** A strategy as Go shows it. */
const shownStrategy = (
  type: string,
  bounds: { readonly maxUnavailable?: IntOrString; readonly maxSurge?: IntOrString } | undefined,
): unknown => ({
  Type: type,
  RollingUpdate:
    bounds === undefined ? null : { MaxUnavailable: bounds.maxUnavailable ?? 0, MaxSurge: bounds.maxSurge ?? 0 },
});

function validateStrategy(
  { type = "", rollingUpdate }: NonNullable<Deployment["spec"]["strategy"]>,
  at: string,
): FieldError[] {
  if (type === "Recreate") {
    if (rollingUpdate === undefined) return [];
    return [forbidden(`${at}.rollingUpdate`, "may not be specified when strategy `type` is 'Recreate'")];
  }
  if (type !== "RollingUpdate")
    return [notSupported(at, shownStrategy(type, rollingUpdate), ["Recreate", "RollingUpdate"])];
  const { maxUnavailable, maxSurge } = rollingUpdate ?? {};
  const [unavailable, surge] = [`${at}.rollingUpdate.maxUnavailable`, `${at}.rollingUpdate.maxSurge`];
  const errors = [...intOrPercent(maxUnavailable, unavailable), ...intOrPercent(maxSurge, surge)];
  if (isZero(maxUnavailable) && isZero(maxSurge)) {
    errors.push(invalid(unavailable, maxUnavailable, "may not be 0 when `maxSurge` is 0"));
  }
  return [...errors, ...notMoreThanAll(maxUnavailable, unavailable)];
}

function notMoreThanAll(value: IntOrString | undefined, field: string): FieldError[] {
  const share = percentValue(value);
  return share === undefined || share <= 100 ? [] : [invalid(field, value, "must not be greater than 100%")];
}

export function validateReplicaSet({ spec }: ReplicaSet): FieldError[] {
  const { selector, template } = spec;
  const errors = [
    ...notNegative(spec.replicas, "spec.replicas"),
    ...notNegative(spec.minReadySeconds, "spec.minReadySeconds"),
    ...validateSelector(selector, "deployment"), // Upstream says so of ReplicaSets, too.
  ];
  if (!isValidSelector(selector)) return [...errors, invalid("spec.selector", selector, "invalid label selector")];
  if (template === undefined) return [...errors, required("spec.template")];
  return [...errors, ...validateOwnTemplate({ kind: "ReplicaSet", selector, template })];
}

/** Upstream: pkg/apis/core/validation `ValidateReplicationControllerSpec`. */
export function validateReplicationController({ spec = {} }: ReplicationController): FieldError[] {
  const { selector = {}, template } = spec;
  const errors = notNegative(spec.minReadySeconds, "spec.minReadySeconds");
  if (Object.keys(selector).length === 0) errors.push(required("spec.selector"));
  errors.push(...notNegative(spec.replicas, "spec.replicas"));
  if (template === undefined) return [...errors, required("spec.template")];
  if (!containsLabels(template.metadata?.labels, selector)) errors.push(unmatched(template.metadata?.labels));
  errors.push(...validateTemplate(template, "spec.template"));
  return [...errors, ...validateRestarting("ReplicationController", template)];
}

export function validateDaemonSet({ spec }: DaemonSet): FieldError[] {
  const { selector, template } = spec;
  const errors = validateLabelSelector(selector, "spec.selector");
  const labels = template.metadata?.labels;
  if (errors.length === 0 && !matchesLabelSelector(selector, labels)) errors.push(unmatched(labels));
  if (selector !== undefined && isEmptySelector(selector)) {
    errors.push(invalid("spec.selector", selector, "empty selector is invalid for daemonset"));
  }
  errors.push(...validateTemplate(template, "spec.template"), ...validateRestarting("DaemonSet", template));
  errors.push(...notNegative(spec.minReadySeconds, "spec.minReadySeconds"));
  errors.push(...validateDaemonStrategy(spec.updateStrategy ?? {}, "spec.updateStrategy"));
  return [...errors, ...notNegative(spec.revisionHistoryLimit, "spec.revisionHistoryLimit")];
}

function validateDaemonStrategy(
  { type = "", rollingUpdate }: NonNullable<DaemonSet["spec"]["updateStrategy"]>,
  at: string,
): FieldError[] {
  if (type === "OnDelete") return [];
  if (type !== "RollingUpdate")
    return [notSupported(at, shownStrategy(type, rollingUpdate), ["RollingUpdate", "OnDelete"])];
  if (rollingUpdate === undefined) return [required(`${at}.rollingUpdate`)];
  const { maxUnavailable, maxSurge } = rollingUpdate;
  const [unavailable, surge] = [`${at}.rollingUpdate.maxUnavailable`, `${at}.rollingUpdate.maxSurge`];
  const errors = [...intOrPercent(maxUnavailable, unavailable), ...intOrPercent(maxSurge, surge)];
  errors.push(...notMoreThanAll(maxUnavailable, unavailable), ...notMoreThanAll(maxSurge, surge));
  if (!isZero(maxUnavailable) && !isZero(maxSurge)) {
    errors.push(invalid(surge, maxSurge, "may not be set when maxUnavailable is non-zero"));
  } else if (isZero(maxUnavailable) && isZero(maxSurge)) {
    errors.push(required(unavailable, "cannot be 0 when maxSurge is 0"));
  }
  return errors;
}

export function validateStatefulSet({ spec }: StatefulSet): FieldError[] {
  const { podManagementPolicy = "", selector } = spec;
  const errors: FieldError[] = [];
  if (podManagementPolicy === "") errors.push(required("spec.podManagementPolicy"));
  else if (podManagementPolicy !== "OrderedReady" && podManagementPolicy !== "Parallel") {
    errors.push(invalid("spec.podManagementPolicy", podManagementPolicy, "must be 'OrderedReady' or 'Parallel'"));
  }
  errors.push(...validateOrderedStrategy(spec.updateStrategy ?? {}, "spec.updateStrategy"));
  const retention = spec.persistentVolumeClaimRetentionPolicy;
  for (const key of ["whenDeleted", "whenScaled"] as const) {
    errors.push(...oneOf(retention?.[key], ["Retain", "Delete"], `spec.persistentVolumeClaimRetentionPolicy.${key}`));
  }
  errors.push(...notNegative(spec.replicas, "spec.replicas"));
  errors.push(...notNegative(spec.minReadySeconds, "spec.minReadySeconds"));
  errors.push(...notNegative(spec.ordinals?.start, "spec.ordinals.start"));
  errors.push(...notNegative(spec.revisionHistoryLimit, "spec.revisionHistoryLimit"));
  errors.push(...validateSelector(selector, "statefulset"));
  if (isValidSelector(selector)) errors.push(...validateOrderedTemplate(spec));
  else errors.push(invalid("spec.selector", selector, ""));
  for (const [index, { spec: claim }] of (spec.volumeClaimTemplates ?? []).entries()) {
    errors.push(...validateClaimSpec(claim, `spec.volumeClaimTemplates[${index}].spec`));
  }
  if (spec.serviceName) {
    const messages = dns1123Label(spec.serviceName);
    errors.push(...messages.map((message) => invalid("spec.serviceName", spec.serviceName, message)));
  }
  return errors;
}

function validateOrderedStrategy(
  { type = "", rollingUpdate }: NonNullable<StatefulSet["spec"]["updateStrategy"]>,
  at: string,
): FieldError[] {
  const shown =
    rollingUpdate === undefined
      ? null
      : { Partition: rollingUpdate.partition ?? 0, MaxUnavailable: rollingUpdate.maxUnavailable ?? null };
  if (type === "") return [required(at)];
  if (type === "OnDelete") {
    if (rollingUpdate === undefined) return [];
    return [invalid(`${at}.rollingUpdate`, shown, "only allowed for updateStrategy 'RollingUpdate'")];
  }
  if (type !== "RollingUpdate") {
    return [invalid(at, { Type: type, RollingUpdate: shown }, "must be 'RollingUpdate' or 'OnDelete'")];
  }
  return notNegative(rollingUpdate?.partition, `${at}.rollingUpdate.partition`);
}

/** Mounts of the volumes that claim templates will bring are not looked for among the template's own. */
function validateOrderedTemplate(spec: StatefulSet["spec"]): FieldError[] {
  const claims = new Set((spec.volumeClaimTemplates ?? []).map(({ metadata }) => JSON.stringify(metadata?.name)));
  const template = validateOwnTemplate({ kind: "StatefulSet", selector: spec.selector, template: spec.template });
  return template.filter(
    ({ type, body }) => type !== "FieldValueNotFound" || !claims.has(body.replace("Not found: ", "")),
  );
}

export function validateControllerRevision({ data, revision }: ControllerRevision): FieldError[] {
  const errors = data === undefined || data === null ? [required("data", "data is mandatory")] : [];
  return [...errors, ...notNegative(revision, "revision")];
}
