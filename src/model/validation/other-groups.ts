import type { JsonObject } from "../decode.ts";
import { type FieldError, forbidden, invalid, required } from "../field-error.ts";
import type {
  EndpointSlice,
  HorizontalPodAutoscaler,
  HPAScalingRules,
  Lease,
  MetricSpec,
  MetricTarget,
  PodDisruptionBudget,
  PriorityClass,
  StorageClass,
} from "../generated/api-types.ts";
import { dns1123Label, dns1123Subdomain, portName, wildcardDns1123Subdomain } from "../names.ts";
import type { IntOrString } from "../object-meta.ts";
import { compareQuantities } from "../quantity.ts";
import { validateLabelSelector } from "../selectors.ts";
import {
  cidr,
  given,
  intOrPercent,
  isCidr,
  isStrictSubset,
  named,
  notNegative,
  oneOf,
  percentValue,
  portNumberOrName,
} from "./checks.ts";

const systemClasses = ["system-cluster-critical", "system-node-critical"];

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
  errors.push(...given(target.kind, "spec.scaleTargetRef.kind"), ...given(target.name, "spec.scaleTargetRef.name"));
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

const metricTypes = ["ContainerResource", "External", "Object", "Pods", "Resource"];
const sourceOfType: Readonly<Record<string, keyof MetricSpec>> = {
  ContainerResource: "containerResource",
  External: "external",
  Object: "object",
  Pods: "pods",
  Resource: "resource",
};

function validateMetric(metric: MetricSpec, at: string): FieldError[] {
  const { type } = metric;
  if (type === "") return [required(`${at}.type`, "must specify a metric source type")];
  const errors = oneOf(type, metricTypes, `${at}.type`);
  const key = sourceOfType[type];
  if (key === undefined) return [...errors, ...errors]; // Upstream asks twice.
  if (metric[key] === undefined) {
    const detail = `must populate information for the given metric source`;
    return [...errors, required(`${at}.${key}`, detail)];
  }
  const { resource, containerResource, pods, object, external } = metric;
  if (containerResource !== undefined) {
    errors.push(...given(containerResource.name, `${at}.containerResource.name`, "must specify a resource name"));
    errors.push(...given(containerResource.container, `${at}.containerResource.container`, "must specify a container"));
    errors.push(...resourceTarget(containerResource.target, `${at}.containerResource.target`));
  }
  if (resource !== undefined) {
    errors.push(...given(resource.name, `${at}.resource.name`, "must specify a resource name"));
    errors.push(...resourceTarget(resource.target, `${at}.resource.target`));
  }
  if (pods !== undefined) {
    errors.push(...given(pods.metric.name, `${at}.pods.metric.name`, "must specify a metric name"));
    errors.push(...validateTarget(pods.target, `${at}.pods.target`));
    if (pods.target.averageValue === undefined) {
      errors.push(required(`${at}.pods.target.averageValue`, "must specify a positive target averageValue"));
    }
  }
  if (object !== undefined) {
    errors.push(...given(object.metric.name, `${at}.object.metric.name`, "must specify a metric name"));
    errors.push(...validateTarget(object.target, `${at}.object.target`));
    if (object.target.value === undefined && object.target.averageValue === undefined) {
      errors.push(required(`${at}.object.target.averageValue`, "must set either a target value or averageValue"));
    }
  }
  if (external !== undefined) {
    errors.push(...given(external.metric.name, `${at}.external.metric.name`, "must specify a metric name"));
    errors.push(...validateTarget(external.target, `${at}.external.target`));
    const { value, averageValue } = external.target;
    if (value === undefined && averageValue === undefined) {
      errors.push(
        required(`${at}.external.target.averageValue`, "must set either a target value for metric or a per-pod target"),
      );
    } else if (value !== undefined && averageValue !== undefined) {
      errors.push(
        forbidden(`${at}.external.target.value`, "may not set both a target value for metric and a per-pod target"),
      );
    }
  }
  return errors;
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

function validateTarget(target: MetricTarget, at: string): FieldError[] {
  const errors = target.type === "" ? [required(`${at}.type`, "must specify a metric target type")] : [];
  if (target.type !== "") errors.push(...oneOf(target.type, ["AverageValue", "Utilization", "Value"], `${at}.type`));
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

export function validatePodDisruptionBudget({ spec }: PodDisruptionBudget): FieldError[] {
  const { minAvailable, maxUnavailable } = spec;
  if (minAvailable !== undefined && maxUnavailable !== undefined) {
    const shown = { ...spec };
    return [invalid("spec", shown, "minAvailable and maxUnavailable cannot be both set")];
  }
  const errors = bounded(minAvailable, "spec.minAvailable");
  errors.push(...bounded(maxUnavailable, "spec.maxUnavailable"));
  errors.push(...validateLabelSelector(spec.selector, "spec.selector"));
  const policies = ["AlwaysAllow", "IfHealthyBudget"];
  return [...errors, ...oneOf(spec.unhealthyPodEvictionPolicy, policies, "spec.unhealthyPodEvictionPolicy")];
}

function bounded(value: IntOrString | undefined, field: string): FieldError[] {
  const errors = intOrPercent(value, field);
  const share = percentValue(value);
  return share !== undefined && share > 100
    ? [...errors, invalid(field, value, "must not be greater than 100%")]
    : errors;
}

export function validatePriorityClass({ metadata, value }: PriorityClass): FieldError[] {
  const errors: FieldError[] = [];
  if (metadata.name.startsWith("system-")) {
    if (systemClasses.includes(metadata.name)) return [];
    const detail = `priority class names with 'system-' prefix are reserved for system use only. error: ${metadata.name} is not a known system priority class`;
    return [forbidden("metadata.name", detail)];
  }
  if ((value ?? 0) > 1_000_000_000) {
    const detail = `maximum allowed value of a user defined priority is 1000000000`;
    errors.push(forbidden("value", detail));
  }
  return errors;
}

export function validateStorageClass({ provisioner, reclaimPolicy, volumeBindingMode }: StorageClass): FieldError[] {
  const errors = given(provisioner, "provisioner");
  errors.push(...oneOf(reclaimPolicy, ["Delete", "Retain"], "reclaimPolicy"));
  return [...errors, ...oneOf(volumeBindingMode, ["Immediate", "WaitForFirstConsumer"], "volumeBindingMode")];
}

export function validateLease({ spec }: Lease): FieldError[] {
  const seconds = spec?.leaseDurationSeconds;
  const errors =
    seconds !== undefined && seconds <= 0
      ? [invalid("spec.leaseDurationSeconds", seconds, "must be greater than 0")]
      : [];
  return [...errors, ...notNegative(spec?.leaseTransitions, "spec.leaseTransitions")];
}

export function validateEndpointSlice({ addressType }: EndpointSlice): FieldError[] {
  return addressType === "" ? [required("addressType")] : oneOf(addressType, ["FQDN", "IPv4", "IPv6"], "addressType");
}

export function validateRuntimeClass({ handler }: JsonObject): FieldError[] {
  return dns1123Label(String(handler ?? "")).map((message) => invalid("handler", handler ?? "", message));
}

const list = (value: unknown): JsonObject[] => (value ?? []) as JsonObject[];

export function validateRole(role: JsonObject): FieldError[] {
  const namespaced = role["kind"] === "Role";
  return list(role["rules"]).flatMap((rule, index) => {
    const at = `rules[${index}]`;
    const [verbs, urls] = [list(rule["verbs"]), list(rule["nonResourceURLs"])];
    const [groups, resources] = [list(rule["apiGroups"]), list(rule["resources"])];
    const errors: FieldError[] = [];
    if (verbs.length === 0) errors.push(required(`${at}.verbs`, "verbs must contain at least one value"));
    if (urls.length > 0) {
      if (namespaced)
        errors.push(invalid(`${at}.nonResourceURLs`, urls, "namespaced rules cannot apply to non-resource URLs"));
      if (groups.length + resources.length + list(rule["resourceNames"]).length > 0) {
        errors.push(
          invalid(`${at}.nonResourceURLs`, urls, "rules cannot apply to both regular resources and non-resource URLs"),
        );
      }
      return errors;
    }
    if (groups.length === 0)
      errors.push(required(`${at}.apiGroups`, "resource rules must supply at least one api group"));
    if (resources.length === 0)
      errors.push(required(`${at}.resources`, "resource rules must supply at least one resource"));
    return errors;
  });
}

export function validateNetworkPolicy(policy: JsonObject): FieldError[] {
  const spec = (policy["spec"] ?? {}) as JsonObject;
  const errors = validateLabelSelector(spec["podSelector"] as never, "spec.podSelector");
  for (const [direction, peers] of [
    ["ingress", "from"],
    ["egress", "to"],
  ] as const) {
    for (const [index, rule] of list(spec[direction]).entries()) {
      const at = `spec.${direction}[${index}]`;
      for (const [position, port] of list(rule["ports"]).entries())
        errors.push(...policyPort(port, `${at}.ports[${position}]`));
      for (const [position, peer] of list(rule[peers]).entries())
        errors.push(...policyPeer(peer, `${at}.${peers}[${position}]`));
    }
  }
  return errors;
}

function policyPort({ protocol, port, endPort }: JsonObject, at: string): FieldError[] {
  const errors = oneOf(protocol as string, ["TCP", "UDP", "SCTP"], `${at}.protocol`);
  if (port !== undefined) errors.push(...portNumberOrName(port as IntOrString, `${at}.port`));
  if (endPort === undefined) return errors;
  if (port === undefined)
    return [...errors, invalid(`${at}.endPort`, endPort, "may not be specified when `port` is not specified")];
  if (typeof port === "string")
    errors.push(invalid(`${at}.endPort`, endPort, "may not be specified when `port` is non-numeric"));
  else if ((endPort as number) < (port as number))
    errors.push(invalid(`${at}.endPort`, endPort, "must be greater than or equal to `port`"));
  return errors;
}

function policyPeer({ podSelector, namespaceSelector, ipBlock }: JsonObject, at: string): FieldError[] {
  const selectors = podSelector !== undefined || namespaceSelector !== undefined;
  if (!selectors && ipBlock === undefined) return [required(at, "must specify a peer")];
  if (selectors && ipBlock !== undefined) return [forbidden(at, "may not specify both ipBlock and another peer")];
  const errors = validateLabelSelector(podSelector as never, `${at}.podSelector`);
  errors.push(...validateLabelSelector(namespaceSelector as never, `${at}.namespaceSelector`));
  if (ipBlock === undefined) return errors;
  const block = ipBlock as { readonly cidr: string; readonly except?: readonly string[] };
  errors.push(...cidr(block.cidr, `${at}.ipBlock.cidr`));
  for (const [index, excepted] of (block.except ?? []).entries()) {
    const field = `${at}.ipBlock.except[${index}]`;
    if (!isCidr(excepted)) errors.push(...cidr(excepted, field));
    else if (isCidr(block.cidr) && !isStrictSubset(excepted, block.cidr)) {
      errors.push(invalid(field, excepted, "must be a strict subset of `cidr`"));
    }
  }
  return errors;
}

export function validateIngress(ingress: JsonObject): FieldError[] {
  const spec = (ingress["spec"] ?? {}) as JsonObject;
  const errors: FieldError[] = [];
  if (list(spec["rules"]).length === 0 && spec["defaultBackend"] === undefined) {
    errors.push(invalid("spec", [], "either `defaultBackend` or `rules` must be specified"));
  }
  if (spec["defaultBackend"] !== undefined)
    errors.push(...backend(spec["defaultBackend"] as JsonObject, "spec.defaultBackend"));
  for (const [index, rule] of list(spec["rules"]).entries()) {
    const at = `spec.rules[${index}]`;
    const host = rule["host"] as string | undefined;
    if (host !== undefined) {
      errors.push(...named(host.includes("*") ? wildcardDns1123Subdomain : dns1123Subdomain, host, `${at}.host`));
    }
    const http = rule["http"] as JsonObject | undefined;
    for (const [position, path] of list(http?.["paths"]).entries()) {
      errors.push(...ingressPath(path, `${at}.http.paths[${position}]`));
    }
  }
  return errors;
}

function ingressPath({ pathType, path = "", ...rest }: JsonObject, at: string): FieldError[] {
  const errors: FieldError[] = [];
  if (pathType === undefined) errors.push(required(`${at}.pathType`, "pathType must be specified"));
  else if (pathType === "Exact" || pathType === "Prefix") {
    const text = path as string;
    if (!text.startsWith("/")) errors.push(invalid(`${at}.path`, text, "must be an absolute path"));
    for (const part of ["//", "/./", "/../", "%2f", "%2F"]) {
      if (text.includes(part)) errors.push(invalid(`${at}.path`, text, `must not contain '${part}'`));
    }
  } else if (pathType !== "ImplementationSpecific") {
    errors.push(...oneOf(pathType as string, ["Exact", "ImplementationSpecific", "Prefix"], `${at}.pathType`));
  }
  return [...errors, ...backend((rest["backend"] ?? {}) as JsonObject, `${at}.backend`)];
}

function backend({ service, resource }: JsonObject, at: string): FieldError[] {
  if (service !== undefined && resource !== undefined) {
    return [invalid(at, "", "cannot set both resource and service backends")];
  }
  if (resource !== undefined) return [];
  const { name = "", port = {} } = (service ?? {}) as { readonly name?: string; readonly port?: JsonObject };
  const errors = name === "" ? [required(`${at}.service.name`)] : named(dns1123Label, name, `${at}.service.name`);
  const [number, named_] = [port["number"] ?? 0, port["name"] ?? ""];
  if (number !== 0 && named_ !== "") return [...errors, invalid(at, "", "cannot set both port name & port number")];
  if (number === 0 && named_ === "") return [...errors, required(at, "port name or number is required")];
  if (named_ !== "")
    for (const message of portName(named_ as string)) errors.push(invalid(`${at}.service.port.name`, named_, message));
  return errors;
}
