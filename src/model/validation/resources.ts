import { type FieldError, forbidden, invalid, notSupported, required } from "../field-error.ts";
import type { PodSpec, ResourceRequirements } from "../generated/api-types.ts";
import { sortedEntries } from "../metadata-validation.ts";
import { qualifiedName } from "../names.ts";
import type { Quantity } from "../object-meta.ts";
import { podRequestList } from "../pod-resources.ts";
import { compareQuantities, value } from "../quantity.ts";
import { parseAmount, scaledValue } from "../quantity-amount.ts";
import { notNegativeDetail } from "./checks.ts";

const standardContainerResources: ReadonlySet<string> = new Set(["cpu", "memory", "ephemeral-storage"]);
const standardQuotaResources: ReadonlySet<string> = new Set(
  `cpu memory ephemeral-storage requests.cpu requests.memory requests.storage requests.ephemeral-storage limits.cpu limits.memory
  limits.ephemeral-storage pods resourcequotas services replicationcontrollers secrets persistentvolumeclaims configmaps
  services.nodeports services.loadbalancers`.split(/\s+/),
);
const standardResources: ReadonlySet<string> = new Set([...standardQuotaResources, "storage"]);

const isHugePages = (name: string): boolean => name.startsWith("hugepages-");
const isNative = (name: string): boolean => !name.includes("/") || name.includes("kubernetes.io/");

/** Extended resources: fully qualified, outside Kubernetes' own domain, and usable as quota keys. */
export function isExtendedResource(name: string): boolean {
  if (isNative(name) || name.startsWith("requests.")) return false;
  return qualifiedName(`requests.${name}`).length === 0;
}

/** Whether a container may be promised less of it than its limit. */
export function isOvercommitAllowed(name: string): boolean {
  return isNative(name) && !isHugePages(name);
}

export function validateResourceName(name: string, field: string): FieldError[] {
  const errors = qualifiedName(name).map((message) => invalid(field, name, message));
  if (errors.length > 0) return errors;
  if (name.includes("/") || standardResources.has(name) || isHugePages(name) || name.startsWith("requests.hugepages-"))
    return [];
  return [invalid(field, name, "must be a standard resource type or fully qualified")];
}

export function validateContainerResourceName(name: string, field: string): FieldError[] {
  const errors = validateResourceName(name, field);
  if (!name.includes("/") && !standardContainerResources.has(name) && !isHugePages(name)) {
    errors.push(invalid(field, name, "must be a standard resource for containers"));
  } else if (name.includes("/") && !isNative(name) && !isExtendedResource(name)) {
    errors.push(invalid(field, name, "doesn't follow extended resource name standard"));
  }
  return errors;
}

export const isStandardQuotaResource = (name: string): boolean =>
  standardQuotaResources.has(name) || isHugePages(name) || name.startsWith("requests.hugepages-");

export function validateQuotaResourceName(name: string, field: string): FieldError[] {
  const errors = validateResourceName(name, field);
  if (name.includes("/") || isStandardQuotaResource(name)) return errors;
  return [...errors, invalid(field, name, "must be a standard resource for quota")];
}

const integerResources: ReadonlySet<string> = new Set(
  "pods resourcequotas services replicationcontrollers secrets configmaps persistentvolumeclaims services.nodeports services.loadbalancers".split(
    " ",
  ),
);

/** Not negative, and whole where pieces are counted. */
export function validateQuantityValue(name: string, quantity: Quantity, field: string): FieldError[] {
  const errors = compareQuantities(quantity, "0") < 0 ? [invalid(field, quantity, notNegativeDetail)] : [];
  const whole = integerResources.has(name) || isExtendedResource(name) || name.startsWith("count/");
  if (whole && scaledValue(parseAmount(quantity), -3) % 1000n !== 0n) {
    errors.push(invalid(field, quantity, "must be an integer"));
  }
  return errors;
}

type NameRule = (name: string, field: string) => FieldError[];

/** Limits and requests of a container, or an overhead. */
export function validateResourceRequirements(
  resources: ResourceRequirements | undefined,
  field: string,
  nameRule: NameRule = validateContainerResourceName,
): FieldError[] {
  if (resources === undefined) return [];
  const errors: FieldError[] = [];
  const { limits = {}, requests = {} } = resources;
  for (const [name, quantity] of sortedEntries(limits)) {
    const at = `${field}.limits[${name}]`;
    errors.push(...nameRule(name, at), ...validateQuantityValue(name, quantity, at));
    errors.push(...validateHugePages(name, quantity, at));
  }
  for (const [name, quantity] of sortedEntries(requests)) {
    const at = `${field}.requests[${name}]`;
    errors.push(...nameRule(name, at), ...validateQuantityValue(name, quantity, at));
    const limit = limits[name];
    if (limit !== undefined) errors.push(...compareToLimit(name, quantity, limit, `${field}.requests`));
    else if (!isOvercommitAllowed(name)) {
      errors.push(required(`${field}.limits`, "Limit must be set for non overcommitable resources"));
    }
    errors.push(...validateHugePages(name, quantity, at));
  }
  const names = [...Object.keys(limits), ...Object.keys(requests)];
  if (names.some(isHugePages) && !names.some((name) => name === "cpu" || name === "memory")) {
    errors.push(forbidden(field, "HugePages require cpu or memory"));
  }
  return errors;
}

const podLevelResources = ["cpu", "hugepages-", "memory"];

function validatePodResourceName(name: string, field: string): FieldError[] {
  const errors = validateResourceName(name, field);
  if (errors.length > 0 || name === "cpu" || name === "memory" || isHugePages(name)) return errors;
  return [notSupported(field, name, podLevelResources)];
}

/** Resources of the pod as a whole: no less than its containers ask for together, no container's limit above. */
export function validatePodLevelResources(spec: PodSpec, field: string): FieldError[] {
  const { resources, containers = [] } = spec;
  if (resources === undefined) return [];
  const errors =
    resources.claims === undefined
      ? []
      : [forbidden(`${field}.claims`, "claims cannot be set for Resources at pod-level")];
  errors.push(...validateResourceRequirements(resources, field, validatePodResourceName));
  const ofContainers = podRequestList({ spec }, { skipPodLevelResources: true, excludeOverhead: true });
  for (const [name, quantity] of sortedEntries(ofContainers)) {
    const own = resources.requests?.[name] ?? "0";
    if (compareQuantities(quantity, own) <= 0) continue;
    const detail = `must be greater than or equal to aggregate container requests of ${quantity}`;
    errors.push(invalid(`${field}.requests[${name}]`, own, detail));
  }
  for (const [index, container] of containers.entries()) {
    for (const [name, limit] of sortedEntries(container.resources?.limits)) {
      const most = resources.limits?.[name];
      if (most === undefined || compareQuantities(limit, most) <= 0) continue;
      const at = `${field}.containers[${index}][${name}].limits`;
      errors.push(invalid(at, limit, `must be less than or equal to pod limits of ${most}`));
    }
  }
  return errors;
}

function compareToLimit(name: string, request: Quantity, limit: Quantity, field: string): FieldError[] {
  const order = compareQuantities(request, limit);
  if (order !== 0 && !isOvercommitAllowed(name)) {
    return [invalid(field, request, `must be equal to ${name} limit of ${limit}`)];
  }
  return order > 0 ? [invalid(field, request, `must be less than or equal to ${name} limit of ${limit}`)] : [];
}

function validateHugePages(name: string, quantity: Quantity, field: string): FieldError[] {
  if (!isHugePages(name)) return [];
  const page = value(name.slice("hugepages-".length));
  if (value(quantity) % page === 0) return [];
  return [invalid(field, quantity, `${quantity} is not positive integer multiple of ${name}`)];
}
