import { type FieldError, invalid, notSupported, required } from "../field-error.ts";
import type { Container, EnvVarSource, ObjectFieldSelector, ResourceFieldSelector } from "../generated/api-types.ts";
import { configMapKey, dns1123Subdomain, maskTrailingDash, qualifiedName, relaxedEnvVarName } from "../names.ts";
import { compareQuantities } from "../quantity.ts";
import { given, named } from "./checks.ts";

/** `env` and `envFrom` of a container. Upstream: pkg/apis/core/validation `ValidateEnv`, `ValidateEnvFrom`. */
export function validateEnvironment({ env = [], envFrom = [] }: Container, at: string): FieldError[] {
  const errors = env.flatMap(({ name, value = "", valueFrom }, index) => {
    const field = `${at}.env[${index}]`;
    return [
      ...(name === undefined || name === ""
        ? [required(`${field}.name`)]
        : named(relaxedEnvVarName, name, `${field}.name`)),
      ...validateSource(valueFrom, value, `${field}.valueFrom`),
    ];
  });
  for (const [index, { prefix, configMapRef, secretRef }] of envFrom.entries()) {
    const field = `${at}.envFrom[${index}]`;
    errors.push(...named(relaxedEnvVarName, prefix, `${field}.prefix`));
    const sources = Object.entries({ configMapRef, secretRef }).filter(([, source]) => source !== undefined);
    for (const [key, source] of sources) {
      const name = source?.name ?? "";
      errors.push(...given(name, `${field}.${key}.name`));
      errors.push(...named((text) => dns1123Subdomain(maskTrailingDash(text)), name, `${field}.${key}.name`));
    }
    if (sources.length === 0) {
      errors.push(invalid(`${at}.envFrom`, "", "must specify one of: `configMapRef` or `secretRef`"));
    } else if (sources.length > 1) {
      errors.push(invalid(`${at}.envFrom`, "", "may not have more than one field specified at a time"));
    }
  }
  return errors;
}

function validateSource(source: EnvVarSource | undefined, value: string, at: string): FieldError[] {
  if (source === undefined) return [];
  const errors: FieldError[] = [];
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef } = source;
  if (fieldRef !== undefined) errors.push(...validateFieldRef(fieldRef, environmentFields, `${at}.fieldRef`));
  if (resourceFieldRef !== undefined) {
    errors.push(...validateResourceFieldRef(resourceFieldRef, `${at}.resourceFieldRef`, false));
  }
  for (const [key, reference] of Object.entries({ configMapKeyRef, secretKeyRef })) {
    if (reference === undefined) continue;
    for (const message of dns1123Subdomain(reference.name ?? "")) {
      errors.push(invalid(`${at}.${key}.name`, reference.name ?? "", message));
    }
    if (!reference.key) errors.push(required(`${at}.${key}.key`));
    else errors.push(...named(configMapKey, reference.key, `${at}.${key}.key`));
  }
  const sources = Object.keys(source).length;
  if (sources === 0) {
    const kinds = "`fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`";
    errors.push(invalid(at, "", `must specify one of: ${kinds}`));
  } else if (value !== "") {
    errors.push(invalid(at, "", "may not be specified when `value` is not empty"));
  } else if (sources > 1) {
    errors.push(invalid(at, "", "may not have more than one field specified at a time"));
  }
  return errors;
}

const environmentFields =
  `metadata.name metadata.namespace metadata.uid spec.nodeName spec.serviceAccountName status.hostIP
  status.hostIPs status.podIP status.podIPs`.split(/\s+/);

/** Fields of a pod that a file of a `downwardAPI` volume may show, in upstream's order. */
export const volumeFields: readonly string[] =
  "metadata.annotations metadata.labels metadata.name metadata.namespace metadata.uid".split(" ");

const knownFields: ReadonlySet<string> = new Set([
  ...[...environmentFields, ...volumeFields],
  ...["spec.restartPolicy", "spec.schedulerName", "status.phase", "spec.host"],
]);

/** A field of the pod by its path, maybe one label or annotation of it: `metadata.labels['app']`. */
export function validateFieldRef(
  { apiVersion = "", fieldPath = "" }: ObjectFieldSelector,
  supported: readonly string[],
  at: string,
): FieldError[] {
  if (apiVersion === "") return [required(`${at}.apiVersion`)];
  if (fieldPath === "") return [required(`${at}.fieldPath`)];
  const unconverted = (detail: string): FieldError[] => [
    invalid(`${at}.fieldPath`, fieldPath, `error converting fieldPath: ${detail}`),
  ];
  if (apiVersion !== "v1") return unconverted(`unsupported pod version: ${apiVersion}`);
  const [, path, subscript] = /^([^[]*)\['(.*)'\]$/.exec(fieldPath) ?? [];
  if (path !== undefined && subscript !== undefined) {
    if (path !== "metadata.labels" && path !== "metadata.annotations") {
      return unconverted(`field label does not support subscript: ${fieldPath}`);
    }
    const key = path === "metadata.labels" ? subscript : subscript.toLowerCase();
    return qualifiedName(key).map((message) => invalid(at, key, message));
  }
  if (!knownFields.has(fieldPath)) return unconverted(`field label not supported: ${fieldPath}`);
  const converted = fieldPath === "spec.host" ? "spec.nodeName" : fieldPath;
  return supported.includes(converted) ? [] : [notSupported(`${at}.fieldPath`, converted, supported)];
}

const resourceFields =
  "limits.cpu limits.ephemeral-storage limits.memory requests.cpu requests.ephemeral-storage requests.memory".split(
    " ",
  );
const cpuDivisors: ReadonlySet<string> = new Set(["1m", "1"]);
const byteUnits = ["k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"].map((unit) => `1${unit}`);
const byteDivisors: ReadonlySet<string> = new Set(["1", ...byteUnits]);

/** A container's limit or request; a volume must say which container's. */
export function validateResourceFieldRef(
  { containerName = "", resource = "", divisor }: ResourceFieldSelector,
  at: string,
  ofVolume: boolean,
): FieldError[] {
  const errors: FieldError[] = [];
  const hugePages = /^(limits|requests)\.hugepages-/.test(resource);
  if (ofVolume && containerName === "") errors.push(required(`${at}.containerName`));
  else if (resource === "") errors.push(required(`${at}.resource`));
  else if (!resourceFields.includes(resource) && !hugePages) {
    errors.push(notSupported(`${at}.resource`, resource, resourceFields));
  }
  if (divisor === undefined || compareQuantities(divisor, "0") === 0) return errors;
  const refuse = (values: string, noun: string): void =>
    void errors.push(
      invalid(`${at}.divisor`, resource, `only divisor's values ${values} are supported with the ${noun} resource`),
    );
  const bytes = ["1", ...byteUnits].join(", ");
  if (resource.endsWith(".cpu")) {
    if (!cpuDivisors.has(divisor)) refuse("1m and 1", "cpu");
  } else if (!byteDivisors.has(divisor)) {
    if (resource.endsWith(".memory")) refuse(bytes, "memory");
    else if (resource.endsWith(".ephemeral-storage")) refuse(bytes, "local ephemeral storage");
    else if (hugePages) refuse(bytes, "hugepages");
  }
  return errors;
}
