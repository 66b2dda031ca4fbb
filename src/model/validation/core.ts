import { duplicate, type FieldError, forbidden, invalid, notSupported, required } from "../field-error.ts";
import type {
  ConfigMap,
  LimitRange,
  Node,
  PersistentVolume,
  PersistentVolumeClaimSpec,
  ResourceQuota,
  Secret,
  Service,
} from "../generated/api-types.ts";
import { sortedEntries, validateLabels } from "../metadata-validation.ts";
import { configMapKey, dns1123Label, dns1123Subdomain, qualifiedName } from "../names.ts";
import { compareQuantities } from "../quantity.ts";
import { parseAmount, scaledValue } from "../quantity-amount.ts";
import { validateLabelSelector } from "../selectors.ts";
import { cidr, named, oneOf, portNumberOrName } from "./checks.ts";
import { validateQuantityValue, validateQuotaResourceName, validateResourceName } from "./resources.ts";

export function validateService({ spec }: Service): FieldError[] {
  const errors: FieldError[] = [];
  const headless = spec.clusterIP === "None";
  const external = spec.type === "ExternalName";
  const ports = spec.ports ?? [];
  if (ports.length === 0 && !headless && !external) errors.push(required("spec.ports"));
  if (external) {
    if (!spec.externalName) errors.push(required("spec.externalName"));
    else errors.push(...named(dns1123Subdomain, spec.externalName.replace(/\.$/, ""), "spec.externalName"));
  }
  const names = new Set<string>();
  for (const [index, port] of ports.entries()) {
    const at = `spec.ports[${index}]`;
    if (port.name === undefined && ports.length > 1) errors.push(required(`${at}.name`));
    if (port.name !== undefined) {
      errors.push(...named(dns1123Label, port.name, `${at}.name`));
      if (names.has(port.name)) errors.push(duplicate(`${at}.name`, port.name));
      names.add(port.name);
    }
    errors.push(...portNumberOrName(port.port, `${at}.port`));
    errors.push(...oneOf(port.protocol, ["SCTP", "TCP", "UDP"], `${at}.protocol`));
    errors.push(...portNumberOrName(port.targetPort, `${at}.targetPort`));
  }
  errors.push(...validateLabels(spec.selector, "spec.selector"));
  errors.push(...oneOf(spec.sessionAffinity, ["ClientIP", "None"], "spec.sessionAffinity"));
  const timeout = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds;
  if (timeout !== undefined && (timeout <= 0 || timeout > 86_400)) {
    const at = "spec.sessionAffinityConfig.clientIP.timeoutSeconds";
    errors.push(invalid(at, timeout, "must be greater than 0 and less than 86400"));
  }
  errors.push(...oneOf(spec.type, ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"], "spec.type"));
  for (const [index, port] of ports.entries()) {
    if (spec.type === "ClusterIP" && (port.nodePort ?? 0) !== 0) {
      errors.push(forbidden(`spec.ports[${index}].nodePort`, "may not be used when `type` is 'ClusterIP'"));
    }
  }
  const reachable = spec.type === "NodePort" || spec.type === "LoadBalancer" || (spec.externalIPs?.length ?? 0) > 0;
  if (spec.externalTrafficPolicy !== undefined && !reachable) {
    const detail = "may only be set for externally-accessible services";
    errors.push(invalid("spec.externalTrafficPolicy", spec.externalTrafficPolicy, detail));
  } else {
    errors.push(...oneOf(spec.externalTrafficPolicy, ["Cluster", "Local"], "spec.externalTrafficPolicy"));
  }
  errors.push(...oneOf(spec.internalTrafficPolicy, ["Cluster", "Local"], "spec.internalTrafficPolicy"));
  return errors;
}

const exclusiveScopes = [
  ["BestEffort", "NotBestEffort"],
  ["Terminating", "NotTerminating"],
] as const;
const quotaScopes: ReadonlySet<string> = new Set([
  ...exclusiveScopes.flat(),
  ...["PriorityClass", "CrossNamespacePodAffinity", "VolumeAttributesClass"],
]);

export function validateResourceQuota({ spec }: ResourceQuota): FieldError[] {
  const errors = sortedEntries(spec?.hard).flatMap(([name, quantity]) => {
    const at = `spec.hard[${name}]`;
    return [...validateQuotaResourceName(name, at), ...validateQuantityValue(name, quantity, at)];
  });
  const { scopes, scopeSelector } = spec ?? {};
  if (scopes !== undefined) {
    const scoped = Object.keys(spec?.hard ?? {});
    const bestEffort = scopes.includes("BestEffort") && scoped.some((name) => name !== "pods" && name !== "count/pods");
    for (const scope of scopes) {
      if (!quotaScopes.has(scope)) errors.push(invalid("spec.scopes", scopes, "unsupported scope"));
    }
    if (bestEffort) errors.push(invalid("spec.scopes", scopes, "unsupported scope applied to resource"));
    if (exclusiveScopes.some((pair) => pair.every((scope) => scopes.includes(scope)))) {
      errors.push(invalid("spec.scopes", scopes, "conflicting scopes"));
    }
  }
  const at = "spec.scopeSelector.matchExpressions";
  for (const { scopeName, operator, values = [] } of scopeSelector?.matchExpressions ?? []) {
    if (scopeName !== "PriorityClass" && scopeName !== "VolumeAttributesClass" && operator !== "Exists") {
      const detail =
        "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity";
      errors.push(invalid(`${at}.operator`, operator, detail));
    }
    if ((operator === "In" || operator === "NotIn") && values.length === 0) {
      errors.push(
        required(`${at}.values`, "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"),
      );
    }
  }
  return errors;
}

export function validateLimitRange({ spec }: LimitRange): FieldError[] {
  const types = new Set<string>();
  return (spec?.limits ?? []).flatMap((item, index) => {
    const at = `spec.limits[${index}]`;
    const { type } = item;
    const errors: FieldError[] = [];
    if (!["Pod", "Container", "PersistentVolumeClaim"].includes(type) && !type.includes("/")) {
      errors.push(invalid(`${at}.type`, type, "must be a standard limit type or fully qualified"));
    }
    if (types.has(type)) errors.push(duplicate(`${at}.type`, type));
    types.add(type);
    if (type === "Pod") {
      if (Object.keys(item.default ?? {}).length > 0)
        errors.push(forbidden(`${at}.default`, "may not be specified when `type` is 'Pod'"));
      if (Object.keys(item.defaultRequest ?? {}).length > 0) {
        errors.push(forbidden(`${at}.defaultRequest`, "may not be specified when `type` is 'Pod'"));
      }
    }
    if (
      type === "PersistentVolumeClaim" &&
      item.min?.["storage"] === undefined &&
      item.max?.["storage"] === undefined
    ) {
      errors.push(
        required(`${at}.limits`, "either minimum or maximum storage value is required, but neither was provided"),
      );
    }
    return [...errors, ...validateBounds(item, at)];
  });
}

function validateBounds(item: NonNullable<LimitRange["spec"]>["limits"][number], at: string): FieldError[] {
  const { min = {}, max = {}, default: limit = {}, defaultRequest = {}, maxLimitRequestRatio = {} } = item;
  const names = [min, max, limit, defaultRequest, maxLimitRequestRatio].flatMap((list) => Object.keys(list));
  const errors: FieldError[] = [];
  const ordered = (low: string | undefined, high: string | undefined): boolean =>
    low === undefined || high === undefined || compareQuantities(low, high) <= 0;
  for (const name of [...new Set(names)].sort()) {
    const [lowest, highest, usual, request] = [min[name], max[name], limit[name], defaultRequest[name]];
    errors.push(...validateResourceName(name, `${at}.${nameOfList(item, name)}[${name}]`));
    const complain = (key: string, shown: string | undefined, text: string): void =>
      void errors.push(invalid(`${at}.${key}[${name}]`, shown, text));
    if (!ordered(lowest, highest)) complain("min", lowest, `min value ${lowest} is greater than max value ${highest}`);
    if (!ordered(lowest, request))
      complain("defaultRequest", request, `min value ${lowest} is greater than default request value ${request}`);
    if (!ordered(request, highest))
      complain("defaultRequest", request, `default request value ${request} is greater than max value ${highest}`);
    if (!ordered(request, usual))
      complain(
        "defaultRequest",
        request,
        `default request value ${request} is greater than default limit value ${usual}`,
      );
    if (!ordered(lowest, usual))
      complain("default", lowest, `min value ${lowest} is greater than default value ${usual}`);
    if (!ordered(usual, highest))
      complain("default", highest, `default value ${usual} is greater than max value ${highest}`);
    const ratio = maxLimitRequestRatio[name];
    if (ratio === undefined) continue;
    if (compareQuantities(ratio, "1") < 0) complain("maxLimitRequestRatio", ratio, `ratio ${ratio} is less than 1`);
    if (lowest === undefined || highest === undefined) continue;
    const milli = (text: string): number => Number(scaledValue(parseAmount(text), -3));
    const widest = milli(highest) / milli(lowest);
    if (milli(ratio) / 1000 > widest) {
      complain("maxLimitRequestRatio", ratio, `ratio ${ratio} is greater than max/min = ${widest.toFixed(6)}`);
    }
  }
  return errors;
}

function nameOfList(item: object, name: string): string {
  const lists = ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"] as const;
  return lists.find(
    (list) => (item as Record<string, Record<string, string> | undefined>)[list]?.[name] !== undefined,
  )!;
}

const accessModes = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

function validateAccessModes(modes: readonly string[] | undefined): FieldError[] {
  const at = "spec.accessModes";
  if (modes === undefined || modes.length === 0) return [required(at)];
  const errors = modes.flatMap((mode) => oneOf(mode, accessModes, at));
  const exclusive = modes.includes("ReadWriteOncePod") && modes.length > 1;
  return exclusive ? [...errors, forbidden(at, "may not use ReadWriteOncePod with other access modes")] : errors;
}

export function validatePersistentVolumeClaim({ spec }: { readonly spec: PersistentVolumeClaimSpec }): FieldError[] {
  const errors = validateLabelSelector(spec.selector, "spec.selector");
  errors.push(...modesOfClaim(spec.accessModes));
  const storage = spec.resources?.requests?.["storage"];
  if (storage === undefined) errors.push(required("spec.resources[storage]"));
  else if (compareQuantities(storage, "0") <= 0)
    errors.push(invalid("spec.resources[storage]", storage, "must be greater than zero"));
  errors.push(...named(dns1123Subdomain, spec.storageClassName, "spec.storageClassName"));
  return [...errors, ...oneOf(spec.volumeMode, ["Block", "Filesystem"], "spec.volumeMode")];
}

function modesOfClaim(modes: readonly string[] | undefined): FieldError[] {
  return validateAccessModes(modes).map((error) =>
    error.type === "FieldValueRequired" ? required("spec.accessModes", "at least 1 access mode is required") : error,
  );
}

const volumeSources: ReadonlySet<string> = new Set(
  "awsElasticBlockStore azureDisk azureFile cephfs cinder csi fc flexVolume flocker gcePersistentDisk glusterfs hostPath iscsi local nfs photonPersistentDisk portworxVolume quobyte rbd scaleIO storageos vsphereVolume".split(
    " ",
  ),
);

export function validatePersistentVolume({ spec }: PersistentVolume): FieldError[] {
  const errors = validateAccessModes(spec.accessModes);
  const capacity = spec.capacity ?? {};
  if (Object.keys(capacity).length === 0) errors.push(required("spec.capacity"));
  if (capacity["storage"] === undefined || Object.keys(capacity).length > 1) {
    const shown = Object.keys(capacity).length === 0 ? null : capacity;
    errors.push(notSupported("spec.capacity", shown, ["storage"]));
  }
  for (const [name, quantity] of sortedEntries(capacity)) {
    const at = `spec.capacity[${name}]`;
    if (compareQuantities(quantity, "0") <= 0) errors.push(invalid(at, quantity, "must be greater than zero"));
  }
  errors.push(
    ...oneOf(spec.persistentVolumeReclaimPolicy, ["Delete", "Recycle", "Retain"], "spec.persistentVolumeReclaimPolicy"),
  );
  const sources = Object.keys(spec).filter((key) => volumeSources.has(key));
  if (sources.length === 0) errors.push(required("spec", "must specify a volume type"));
  for (const source of sources.slice(1))
    errors.push(forbidden(`spec.${source}`, "may not specify more than 1 volume type"));
  if (spec.csi !== undefined) {
    if (!spec.csi.driver) errors.push(required("spec.csi.driver"));
    if (!spec.csi.volumeHandle) errors.push(required("spec.csi.volumeHandle"));
  }
  if (spec.local !== undefined && spec.nodeAffinity === undefined) {
    errors.push(required("spec.nodeAffinity", "Local volume requires node affinity"));
  }
  errors.push(...named(dns1123Subdomain, spec.storageClassName, "spec.storageClassName"));
  return [...errors, ...oneOf(spec.volumeMode, ["Block", "Filesystem"], "spec.volumeMode")];
}

export function validateNode({ spec, status }: Node): FieldError[] {
  const errors: FieldError[] = [];
  const taints = spec?.taints ?? [];
  const seen = new Set<string>();
  for (const [index, { key, value = "", effect }] of taints.entries()) {
    const at = `metadata.taints[${index}]`;
    errors.push(...named(qualifiedName, key, `${at}.key`));
    errors.push(...oneOf(effect, ["NoSchedule", "PreferNoSchedule", "NoExecute"], `${at}.effect`));
    if (seen.has(`${key}:${effect}`)) {
      const taint = duplicate(at, { Key: key, Value: value, Effect: effect, TimeAdded: null });
      const suffix = ": taints must be unique by key and effect pair";
      errors.push({ ...taint, body: taint.body + suffix, text: taint.text + suffix });
    }
    seen.add(`${key}:${effect}`);
  }
  for (const list of ["capacity", "allocatable"] as const) {
    for (const [name, quantity] of sortedEntries(status?.[list])) {
      errors.push(...validateQuantityValue(name, quantity, `status.${list}.${name}`));
    }
  }
  for (const [index, podCidr] of (spec?.podCIDRs ?? []).entries())
    errors.push(...cidr(podCidr, `spec.podCIDRs[${index}]`));
  return errors;
}

function validateKeys(record: Readonly<Record<string, unknown>> | undefined, field: string): FieldError[] {
  return sortedEntries(record).flatMap(([key]) =>
    configMapKey(key).map((message) => invalid(`${field}[${key}]`, key, message)),
  );
}

export function validateConfigMap({ data, binaryData }: ConfigMap): FieldError[] {
  const errors = validateKeys(data, "data");
  for (const [key] of sortedEntries(binaryData)) {
    if (data?.[key] !== undefined) errors.push(invalid("data", key, "duplicate of key present in binaryData"));
  }
  return [...errors, ...validateKeys(binaryData, "binaryData")];
}

const requiredSecretKeys: ReadonlyMap<string, readonly string[]> = new Map([
  ["kubernetes.io/tls", ["tls.crt", "tls.key"]],
  ["kubernetes.io/dockercfg", [".dockercfg"]],
  ["kubernetes.io/dockerconfigjson", [".dockerconfigjson"]],
  ["kubernetes.io/ssh-auth", ["ssh-privatekey"]],
]);

export function validateSecret({ data, type = "" }: Secret): FieldError[] {
  const missing = (requiredSecretKeys.get(type) ?? []).filter((key) => data?.[key] === undefined);
  return [...validateKeys(data, "data"), ...missing.map((key) => required(`data[${key}]`))];
}
