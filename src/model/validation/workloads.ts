import { type FieldError, invalid, required } from "../field-error.ts";
import type {
  DaemonSet,
  Deployment,
  LabelSelector,
  PodTemplateSpec,
  ReplicaSet,
  StatefulSet,
} from "../generated/api-types.ts";
import { dns1123Label } from "../names.ts";
import { matchesLabelSelector, validateLabelSelector } from "../selectors.ts";
import { intOrPercent, isZero, notNegative, oneOf, percentValue } from "./checks.ts";
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
  const valid = validateLabelSelector(selector, "spec.selector").length === 0;
  if (selector !== undefined && !valid) return validateTemplate(template, "spec.template");
  if (selector === undefined || isEmptySelector(selector) || !matchesLabelSelector(selector, labels)) {
    if (selector === undefined || !isEmptySelector(selector)) {
      errors.push(
        invalid("spec.template.metadata.labels", shownLabels(labels), "`selector` does not match template `labels`"),
      );
    }
  }
  errors.push(...validateTemplate(template, "spec.template"));
  errors.push(...oneOf(template.spec?.restartPolicy, ["Always"], "spec.template.spec.restartPolicy"));
  if (template.spec?.activeDeadlineSeconds !== undefined) {
    const detail = `activeDeadlineSeconds in ${kind} is not Supported`;
    errors.push({ ...forbiddenDeadline(detail) });
  }
  return errors;
}

const forbiddenDeadline = (detail: string): FieldError => ({
  type: "FieldValueForbidden",
  field: "spec.template.spec.activeDeadlineSeconds",
  detail,
  body: `Forbidden: ${detail}`,
  text: `spec.template.spec.activeDeadlineSeconds: Forbidden: ${detail}`,
});

function validateSelector(selector: LabelSelector | undefined, noun: string): FieldError[] {
  if (selector === undefined) return [required("spec.selector")];
  const errors = validateLabelSelector(selector, "spec.selector");
  if (isEmptySelector(selector)) {
    errors.push(invalid("spec.selector", selector, `empty selector is invalid for ${noun}`));
  }
  return errors;
}

export function validateDeployment({ spec }: Deployment): FieldError[] {
  const errors = notNegative(spec.replicas, "spec.replicas");
  errors.push(...validateSelector(spec.selector, "deployment"));
  const { selector, template } = spec;
  if (selector !== undefined && validateLabelSelector(selector, "x").length > 0) {
    errors.push(invalid("spec.selector", selector, "invalid label selector"));
  } else {
    errors.push(...validateOwnTemplate({ kind: "ReplicaSet", selector, template }));
  }
  const { type, rollingUpdate } = spec.strategy ?? {};
  const at = "spec.strategy";
  errors.push(...oneOf(type, ["Recreate", "RollingUpdate"], `${at}.type`));
  if (type === "Recreate" && rollingUpdate !== undefined) {
    const detail = "may not be specified when strategy `type` is 'Recreate'";
    errors.push({ ...invalid(`${at}.rollingUpdate`, "", detail), ...forbiddenBody(`${at}.rollingUpdate`, detail) });
  }
  if (type === "RollingUpdate" && rollingUpdate !== undefined) {
    errors.push(...intOrPercent(rollingUpdate.maxUnavailable, `${at}.rollingUpdate.maxUnavailable`));
    errors.push(...intOrPercent(rollingUpdate.maxSurge, `${at}.rollingUpdate.maxSurge`));
    if (isZero(rollingUpdate.maxUnavailable) && isZero(rollingUpdate.maxSurge)) {
      const detail = "may not be 0 when `maxSurge` is 0";
      errors.push(invalid(`${at}.rollingUpdate.maxUnavailable`, rollingUpdate.maxUnavailable, detail));
    }
    errors.push(...notMoreThanAll(rollingUpdate.maxUnavailable, `${at}.rollingUpdate.maxUnavailable`));
  }
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

const forbiddenBody = (field: string, detail: string): Partial<FieldError> => ({
  type: "FieldValueForbidden",
  body: `Forbidden: ${detail}`,
  text: `${field}: Forbidden: ${detail}`,
});

function notMoreThanAll(value: number | string | undefined, field: string): FieldError[] {
  const share = percentValue(value);
  return share === undefined || share <= 100 ? [] : [invalid(field, value, "must not be greater than 100%")];
}

export function validateReplicaSet({ spec }: ReplicaSet): FieldError[] {
  const errors = [
    ...notNegative(spec.replicas, "spec.replicas"),
    ...notNegative(spec.minReadySeconds, "spec.minReadySeconds"),
  ];
  errors.push(...validateSelector(spec.selector, "deployment"));
  if (spec.template === undefined) return [...errors, required("spec.template")];
  return [...errors, ...validateOwnTemplate({ kind: "ReplicaSet", selector: spec.selector, template: spec.template })];
}

export function validateDaemonSet({ spec }: DaemonSet): FieldError[] {
  const { selector, template } = spec;
  const errors = validateLabelSelector(selector, "spec.selector");
  const labels = template.metadata?.labels;
  if (errors.length === 0 && !matchesLabelSelector(selector, labels)) {
    errors.push(
      invalid("spec.template.metadata.labels", shownLabels(labels), "`selector` does not match template `labels`"),
    );
  }
  if (selector !== undefined && isEmptySelector(selector)) {
    errors.push(invalid("spec.selector", selector, "empty selector is invalid for daemonset"));
  }
  errors.push(...validateTemplate(template, "spec.template"));
  errors.push(...oneOf(template.spec?.restartPolicy, ["Always"], "spec.template.spec.restartPolicy"));
  if (template.spec?.activeDeadlineSeconds !== undefined)
    errors.push(forbiddenDeadline("activeDeadlineSeconds in DaemonSet is not Supported"));
  errors.push(...notNegative(spec.minReadySeconds, "spec.minReadySeconds"));
  const at = "spec.updateStrategy";
  const { type, rollingUpdate } = spec.updateStrategy ?? {};
  errors.push(...oneOf(type, ["RollingUpdate", "OnDelete"], `${at}.type`));
  if (type === "RollingUpdate" && rollingUpdate !== undefined) {
    const { maxUnavailable, maxSurge } = rollingUpdate;
    errors.push(...intOrPercent(maxUnavailable, `${at}.rollingUpdate.maxUnavailable`));
    errors.push(...intOrPercent(maxSurge, `${at}.rollingUpdate.maxSurge`));
    if (!isZero(maxUnavailable) && !isZero(maxSurge)) {
      errors.push(invalid(`${at}.rollingUpdate.maxSurge`, maxSurge, "may not be set when maxUnavailable is non-zero"));
    } else if (isZero(maxUnavailable) && isZero(maxSurge)) {
      errors.push(invalid(`${at}.rollingUpdate.maxUnavailable`, maxUnavailable, "cannot be 0 when maxSurge is 0"));
    }
    errors.push(...notMoreThanAll(maxUnavailable, `${at}.rollingUpdate.maxUnavailable`));
  }
  return [...errors, ...notNegative(spec.revisionHistoryLimit, "spec.revisionHistoryLimit")];
}

export function validateStatefulSet({ spec }: StatefulSet): FieldError[] {
  const errors: FieldError[] = [];
  if (spec.podManagementPolicy !== "OrderedReady" && spec.podManagementPolicy !== "Parallel") {
    errors.push(
      invalid("spec.podManagementPolicy", spec.podManagementPolicy ?? "", "must be 'OrderedReady' or 'Parallel'"),
    );
  }
  const { type, rollingUpdate } = spec.updateStrategy ?? {};
  if (type === "RollingUpdate") {
    errors.push(...notNegative(rollingUpdate?.partition, "spec.updateStrategy.rollingUpdate.partition"));
  } else if (type !== "OnDelete") {
    errors.push(invalid("spec.updateStrategy", spec.updateStrategy, "must be 'RollingUpdate' or 'OnDelete'"));
  }
  const retention = spec.persistentVolumeClaimRetentionPolicy;
  for (const key of ["whenDeleted", "whenScaled"] as const) {
    errors.push(...oneOf(retention?.[key], ["Retain", "Delete"], `spec.persistentVolumeClaimRetentionPolicy.${key}`));
  }
  errors.push(...notNegative(spec.replicas, "spec.replicas"));
  errors.push(...notNegative(spec.minReadySeconds, "spec.minReadySeconds"));
  errors.push(...notNegative(spec.ordinals?.start, "spec.ordinals.start"));
  errors.push(...validateSelector(spec.selector, "statefulset"));
  // Mounts of the volumes that claim templates will bring are not looked for among the template's own.
  const claims = new Set((spec.volumeClaimTemplates ?? []).map(({ metadata }) => JSON.stringify(metadata?.name)));
  const template = validateOwnTemplate({ kind: "StatefulSet", selector: spec.selector, template: spec.template });
  errors.push(
    ...template.filter(
      ({ type, body }) => type !== "FieldValueNotFound" || !claims.has(body.replace("Not found: ", "")),
    ),
  );
  if (spec.serviceName) {
    errors.push(
      ...dns1123Label(spec.serviceName).map((message) => invalid("spec.serviceName", spec.serviceName, message)),
    );
  }
  return errors;
}
