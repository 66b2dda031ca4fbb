import { type FieldError, invalid, required } from "../field-error.ts";
import type { ResourceQuota, ResourceQuotaSpec } from "../generated/api-types.ts";
import { sortedEntries } from "../metadata-validation.ts";
import { sameContent } from "../same-content.ts";
import { isStandardQuotaResource, validateQuantityValue, validateQuotaResourceName } from "./resources.ts";

const exclusiveScopes = [
  ["BestEffort", "NotBestEffort"],
  ["Terminating", "NotTerminating"],
] as const;
const openScopes: ReadonlySet<string> = new Set(["PriorityClass", "VolumeAttributesClass"]);
const quotaScopes: ReadonlySet<string> = new Set([
  ...[...exclusiveScopes.flat(), ...openScopes],
  "CrossNamespacePodAffinity",
]);
const podObjects: ReadonlySet<string> = new Set(["pods", "count/pods"]);
const podCompute: ReadonlySet<string> = new Set([
  ...podObjects,
  ..."cpu memory limits.cpu limits.memory requests.cpu requests.memory ephemeral-storage".split(" "),
  ..."limits.ephemeral-storage requests.ephemeral-storage".split(" "),
]);

/** Whether a scope can say anything about a resource. Upstream: `IsResourceQuotaScopeValidForResource`. */
function isScoped(scope: string, resource: string): boolean {
  switch (scope) {
    case "Terminating":
    case "NotTerminating":
    case "NotBestEffort":
    case "PriorityClass":
    case "CrossNamespacePodAffinity":
      return podCompute.has(resource);
    case "BestEffort":
      return podObjects.has(resource);
    case "VolumeAttributesClass":
      return resource === "persistentvolumeclaims" || resource === "requests.storage";
    default:
      return true;
  }
}

/** Upstream: pkg/apis/core/validation `ValidateResourceQuotaSpec`. */
export function validateResourceQuota({ spec = {} }: ResourceQuota): FieldError[] {
  const errors = sortedEntries(spec.hard).flatMap(([name, quantity]) => {
    const at = `spec.hard[${name}]`;
    return [...validateQuotaResourceName(name, at), ...validateQuantityValue(name, quantity, at)];
  });
  return [...errors, ...validateScopes(spec), ...validateScopeSelector(spec)];
}

const standardLimits = ({ hard }: ResourceQuotaSpec): string[] =>
  sortedEntries(hard).flatMap(([name]) => (isStandardQuotaResource(name) ? [name] : []));

function conflicts(scopes: readonly string[], shown: unknown): FieldError[] {
  return exclusiveScopes.flatMap((pair) =>
    pair.every((scope) => scopes.includes(scope)) ? [invalid("spec.scopes", shown, "conflicting scopes")] : [],
  );
}

function validateScopes(spec: ResourceQuotaSpec): FieldError[] {
  const { scopes = [] } = spec;
  const errors = scopes.flatMap((scope) => [
    ...(quotaScopes.has(scope) ? [] : [invalid("spec.scopes", scopes, "unsupported scope")]),
    ...standardLimits(spec)
      .filter((resource) => !isScoped(scope, resource))
      .map(() => invalid("spec.scopes", scopes, "unsupported scope applied to resource")),
  ]);
  return [...errors, ...conflicts(scopes, scopes)];
}

function validateScopeSelector(spec: ResourceQuotaSpec): FieldError[] {
  const expressions = spec.scopeSelector?.matchExpressions ?? [];
  const at = "spec.scopeSelector.matchExpressions";
  const shown = {
    MatchExpressions: expressions.map(({ scopeName, operator, values }) => ({
      ScopeName: scopeName,
      Operator: operator,
      Values: values ?? null,
    })),
  };
  const errors = expressions.flatMap(({ scopeName, operator, values = [] }) => {
    const found: FieldError[] = [];
    if (!quotaScopes.has(scopeName)) found.push(invalid(`${at}.scopeName`, scopeName, "unsupported scope"));
    for (const resource of standardLimits(spec)) {
      if (!isScoped(scopeName, resource)) found.push(invalid(at, shown, "unsupported scope applied to resource"));
    }
    if (quotaScopes.has(scopeName) && !openScopes.has(scopeName) && operator !== "Exists") {
      const detail =
        "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity";
      found.push(invalid(`${at}.operator`, operator, detail));
    }
    if (operator === "In" || operator === "NotIn") {
      const detail = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector";
      if (values.length === 0) found.push(required(`${at}.values`, detail));
    } else if (operator === "Exists" || operator === "DoesNotExist") {
      const detail = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector";
      if (values.length > 0) found.push(invalid(`${at}.values`, values, detail));
    } else found.push(invalid(`${at}.operator`, operator, "not a valid selector operator"));
    return found;
  });
  const names = expressions.map(({ scopeName }) => scopeName);
  return [...errors, ...conflicts(names, spec.scopes ?? null)];
}

/** A quota keeps its scopes, in whatever order. */
export function fixedScopes({ spec: after }: ResourceQuota, { spec: before }: ResourceQuota): FieldError[] {
  const [next, was] = [after, before].map((spec) => [...new Set(spec?.scopes ?? [])].sort());
  if (sameContent(next, was)) return [];
  return [invalid("spec.scopes", after?.scopes ?? null, "field is immutable")];
}
