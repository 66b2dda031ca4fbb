import { type FieldError, forbidden, invalid, notSupported, required } from "../field-error.ts";
import type {
  ContainerResourceMetricSource,
  CrossVersionObjectReference,
  ExternalMetricSource,
  HorizontalPodAutoscaler,
  HPAScalingRules,
  MetricIdentifier,
  MetricSpec,
  MetricTarget,
  ObjectMetricSource,
  PodsMetricSource,
  ResourceMetricSource,
} from "../generated/api-types.ts";
import { dns1123Label, pathSegment } from "../names.ts";
import { compareQuantities } from "../quantity.ts";
import { given, named, oneOf } from "./checks.ts";
import { validateContainerResourceName } from "./resources.ts";

/** Upstream: pkg/apis/autoscaling/validation. */
export function validateHorizontalPodAutoscaler({ spec }: HorizontalPodAutoscaler): FieldError[] {
  const errors: FieldError[] = [];
  const { minReplicas, maxReplicas, scaleTargetRef: target } = spec;
  if (minReplicas !== undefined && minReplicas < 1) {
    errors.push(invalid("spec.minReplicas", minReplicas, "must be greater than or equal to 1"));
  }
  if (maxReplicas < 1) errors.push(required("spec.maxReplicas", "must be set and greater than 0"));
  if (minReplicas !== undefined && maxReplicas < minReplicas) {
    errors.push(invalid("spec.maxReplicas", maxReplicas, "must be greater than or equal to `minReplicas`"));
  }
  errors.push(...validateReference(target, "spec.scaleTargetRef"));
  const { apiVersion = "" } = target;
  if (
    apiVersion === "" ||
    (!apiVersion.includes("/") && !(apiVersion === "v1" && target.kind === "ReplicationController"))
  ) {
    errors.push(invalid("spec.scaleTargetRef.apiVersion", apiVersion, "apiVersion must specify API group"));
  }
  for (const [index, metric] of (spec.metrics ?? []).entries()) {
    errors.push(...validateMetric(metric, `spec.metrics[${index}]`));
  }
  errors.push(...validateScaling(spec.behavior?.scaleUp, "spec.behavior.scaleUp"));
  errors.push(...validateScaling(spec.behavior?.scaleDown, "spec.behavior.scaleDown"));
  return errors;
}

function validateReference({ kind = "", name = "" }: CrossVersionObjectReference, at: string): FieldError[] {
  return Object.entries({ kind, name }).flatMap(([key, value]) => validatePathSegment(value, `${at}.${key}`));
}

function validatePathSegment(value: string, field: string, missing = ""): FieldError[] {
  if (value === "") return [required(field, missing)];
  return pathSegment(value).map((message) => invalid(field, value, message));
}

const metricTypes = ["ContainerResource", "External", "Object", "Pods", "Resource"];
const sourceOfType: Readonly<Record<string, keyof MetricSpec>> = {
  ContainerResource: "containerResource",
  External: "external",
  Object: "object",
  Pods: "pods",
  Resource: "resource",
};

/** Sources in the order in which upstream looks at them; only the first is looked into. */
const sourceChecks: readonly (readonly [key: keyof MetricSpec, check: (source: never, at: string) => FieldError[]])[] =
  [
    ["object", validateObjectSource as never],
    ["external", validateExternalSource as never],
    ["pods", validatePodsSource as never],
    ["resource", validateResourceSource as never],
    ["containerResource", validateContainerResourceSource as never],
  ];

function validateMetric(metric: MetricSpec, at: string): FieldError[] {
  const { type = "" } = metric;
  const errors = type === "" ? [required(`${at}.type`, "must specify a metric source type")] : [];
  const unsupported = metricTypes.includes(type) ? [] : [notSupported(`${at}.type`, type, metricTypes)];
  errors.push(...unsupported);
  const present = sourceChecks.filter(([key]) => metric[key] !== undefined);
  const [first] = present;
  if (first !== undefined) errors.push(...first[1](metric[first[0]] as never, `${at}.${first[0]}`));
  const expected = sourceOfType[type];
  if (expected === undefined)
    errors.push(...unsupported); // Upstream asks twice.
  else if (metric[expected] === undefined) {
    errors.push(required(`${at}.${expected}`, "must populate information for the given metric source"));
  }
  if (present.length === 1) return errors;
  const others = present.filter(([key]) => key !== expected).map(([key]) => `${at}.${key}`);
  return [...errors, ...others.map((field) => forbidden(field, "must populate the given metric source only"))];
}

function validateObjectSource({ describedObject, metric, target }: ObjectMetricSource, at: string): FieldError[] {
  const errors = [...validateReference(describedObject, `${at}.describedObject`), ...validateIdentifier(metric, at)];
  errors.push(...validateTarget(target, `${at}.target`));
  if (target.value === undefined && target.averageValue === undefined) {
    errors.push(required(`${at}.target.averageValue`, "must set either a target value or averageValue"));
  }
  return errors;
}

function validateExternalSource({ metric, target }: ExternalMetricSource, at: string): FieldError[] {
  const errors = [...validateIdentifier(metric, at), ...validateTarget(target, `${at}.target`)];
  const { value, averageValue } = target;
  if (value === undefined && averageValue === undefined) {
    const detail = "must set either a target value for metric or a per-pod target";
    errors.push(required(`${at}.target.averageValue`, detail));
  } else if (value !== undefined && averageValue !== undefined) {
    errors.push(forbidden(`${at}.target.value`, "may not set both a target value for metric and a per-pod target"));
  }
  return errors;
}

function validatePodsSource({ metric, target }: PodsMetricSource, at: string): FieldError[] {
  const errors = [...validateIdentifier(metric, at), ...validateTarget(target, `${at}.target`)];
  if (target.averageValue !== undefined) return errors;
  return [...errors, required(`${at}.target.averageValue`, "must specify a positive target averageValue")];
}

function validateResourceSource({ name, target }: ResourceMetricSource, at: string): FieldError[] {
  return [...given(name, `${at}.name`, "must specify a resource name"), ...resourceTarget(target, `${at}.target`)];
}

function validateContainerResourceSource(
  { name = "", container, target }: ContainerResourceMetricSource,
  at: string,
): FieldError[] {
  const errors =
    name === ""
      ? [required(`${at}.name`, "must specify a resource name")]
      : validateContainerResourceName(name, `${at}.name`);
  errors.push(...given(container, `${at}.container`, "must specify a container"));
  errors.push(...named(dns1123Label, container, `${at}.container`));
  return [...errors, ...resourceTarget(target, `${at}.target`)];
}

function validateIdentifier({ name = "" }: MetricIdentifier, at: string): FieldError[] {
  return validatePathSegment(name, `${at}.metric.name`, "must specify a metric name");
}

function resourceTarget(target: MetricTarget, at: string): FieldError[] {
  const errors = validateTarget(target, at);
  if (target.averageUtilization === undefined && target.averageValue === undefined) {
    errors.push(required(`${at}.averageUtilization`, "must set either a target raw value or a target utilization"));
  } else if (target.averageUtilization !== undefined && target.averageValue !== undefined) {
    errors.push(forbidden(`${at}.averageValue`, "may not set both a target raw value and a target utilization"));
  }
  return errors;
}

const targetTypes = ["AverageValue", "Utilization", "Value"];

function validateTarget(target: MetricTarget, at: string): FieldError[] {
  const { type = "" } = target;
  const errors = type === "" ? [required(`${at}.type`, "must specify a metric target type")] : [];
  if (!targetTypes.includes(type)) {
    errors.push(invalid(`${at}.type`, type, "must be either Utilization, Value, or AverageValue"));
  }
  for (const key of ["value", "averageValue"] as const) {
    const quantity = target[key];
    if (quantity !== undefined && compareQuantities(quantity, "0") <= 0) {
      errors.push(invalid(`${at}.${key}`, quantity, "must be positive"));
    }
  }
  if (target.averageUtilization !== undefined && target.averageUtilization < 1) {
    errors.push(invalid(`${at}.averageUtilization`, target.averageUtilization, "must be greater than 0"));
  }
  return errors;
}

function validateScaling(rules: HPAScalingRules | undefined, at: string): FieldError[] {
  if (rules === undefined) return [];
  const errors: FieldError[] = [];
  const window = rules.stabilizationWindowSeconds;
  if (window !== undefined && window < 0) {
    errors.push(invalid(`${at}.stabilizationWindowSeconds`, window, "must be greater than or equal to zero"));
  }
  if (window !== undefined && window > 3600) {
    errors.push(invalid(`${at}.stabilizationWindowSeconds`, window, "must be less than or equal to 3600"));
  }
  if (rules.tolerance !== undefined && compareQuantities(rules.tolerance, "0") < 0) {
    errors.push(invalid(`${at}.tolerance`, rules.tolerance, "must be greater than or equal to 0"));
  }
  errors.push(...oneOf(rules.selectPolicy, ["Disabled", "Max", "Min"], `${at}.selectPolicy`));
  if ((rules.policies?.length ?? 0) === 0) errors.push(required(`${at}.policies`, "must specify at least one Policy"));
  for (const [index, { type, value, periodSeconds }] of (rules.policies ?? []).entries()) {
    const policy = `${at}.policies[${index}]`;
    errors.push(...oneOf(type, ["Percent", "Pods"], `${policy}.type`));
    if (value <= 0) errors.push(invalid(`${policy}.value`, value, "must be greater than zero"));
    if (periodSeconds <= 0) errors.push(invalid(`${policy}.periodSeconds`, periodSeconds, "must be greater than zero"));
    if (periodSeconds > 1800) {
      errors.push(invalid(`${policy}.periodSeconds`, periodSeconds, "must be less than or equal to 1800"));
    }
  }
  return errors;
}
