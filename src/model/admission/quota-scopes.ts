import type {
  PersistentVolumeClaim,
  Pod,
  PodAffinityTerm,
  ResourceQuota,
  ScopedResourceSelectorRequirement,
} from "../generated/api-types.ts";
import { qosClass } from "../qos.ts";

/** What a quota is asked about: only its kind and spec count, and of a claim what it has now. */
interface Counted {
  readonly kind: string;
  readonly spec?: unknown;
  readonly status?: unknown;
}

/** Whether all scopes of a quota hold for an object. A quota with scopes counts nothing but pods, and claims by their class. */
export function matchesQuotaScopes({ spec }: Pick<ResourceQuota, "spec">, object: Counted): boolean {
  const scopes = (spec.scopes ?? []).map((scopeName) => ({ scopeName, operator: "Exists" }));
  return [...scopes, ...(spec.scopeSelector?.matchExpressions ?? [])].every((scope) => {
    if (object.kind === "Pod") return podMatches(scope, object as Pod);
    if (object.kind === "PersistentVolumeClaim") return claimMatches(scope, object as PersistentVolumeClaim);
    return false;
  });
}

function podMatches(scope: ScopedResourceSelectorRequirement, { spec }: Pick<Pod, "spec">): boolean {
  switch (scope.scopeName) {
    case "Terminating":
      return (spec.activeDeadlineSeconds ?? -1) >= 0;
    case "NotTerminating":
      return (spec.activeDeadlineSeconds ?? -1) < 0;
    case "BestEffort":
      return qosClass({ spec }) === "BestEffort";
    case "NotBestEffort":
      return qosClass({ spec }) !== "BestEffort";
    case "PriorityClass":
      return matchesNames(scope, [spec.priorityClassName ?? ""]);
    case "CrossNamespacePodAffinity":
      return affinityTerms({ spec }).some(
        ({ namespaces = [], namespaceSelector }) => namespaces.length > 0 || namespaceSelector !== undefined,
      );
    default:
      return false;
  }
}

function claimMatches(scope: ScopedResourceSelectorRequirement, { spec, status }: PersistentVolumeClaim): boolean {
  if (scope.scopeName !== "VolumeAttributesClass") return false;
  return matchesNames(scope, [spec.volumeAttributesClassName ?? "", status?.currentVolumeAttributesClassName ?? ""]);
}

/** A label selector's rules on names, of which an object may have none: `NotIn` holds then too. */
function matchesNames({ operator, values = [] }: ScopedResourceSelectorRequirement, names: readonly string[]): boolean {
  const given = names.filter((name) => name !== "");
  if (operator === "Exists") return given.length > 0;
  if (operator === "DoesNotExist") return given.length === 0;
  const among = given.some((name) => values.includes(name));
  return operator === "In" ? among : !among;
}

function affinityTerms({ spec: { affinity } }: Pick<Pod, "spec">): readonly PodAffinityTerm[] {
  return [affinity?.podAffinity, affinity?.podAntiAffinity].flatMap((rules) => [
    ...(rules?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(rules?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ podAffinityTerm }) => podAffinityTerm),
  ]);
}
