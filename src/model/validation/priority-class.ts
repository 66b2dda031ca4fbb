import { type FieldError, forbidden } from "../field-error.ts";
import type { PriorityClass } from "../generated/api-types.ts";
import { oneOf, unchanged } from "./checks.ts";

const systemClasses: ReadonlyMap<string, number> = new Map([
  ["system-cluster-critical", 2_000_000_000],
  ["system-node-critical", 2_000_001_000],
]);
const highestOfUsers = 1_000_000_000;

/** Upstream: pkg/apis/scheduling/validation. */
export function validatePriorityClass(priorityClass: PriorityClass): FieldError[] {
  const { metadata, value = 0, preemptionPolicy } = priorityClass;
  const errors: FieldError[] = [];
  if (metadata.name.startsWith("system-")) {
    const wrong = systemClassError(priorityClass);
    const detail = `priority class names with 'system-' prefix are reserved for system use only. error: ${wrong}`;
    if (wrong !== undefined) errors.push(forbidden("metadata.name", detail));
  } else if (value > highestOfUsers) {
    errors.push(forbidden("value", `maximum allowed value of a user defined priority is ${highestOfUsers}`));
  }
  return [...errors, ...oneOf(preemptionPolicy, ["PreemptLowerPriority", "Never"], "preemptionPolicy")];
}

/** Why it is none of the two classes that every cluster has; `undefined` when it is one. */
function systemClassError({ metadata: { name }, value = 0, globalDefault = false }: PriorityClass): string | undefined {
  const known = systemClasses.get(name);
  if (known === undefined) return `${name} is not a known system priority class`;
  if (known !== value) return `value of ${name} PriorityClass must be ${known}`;
  return globalDefault ? `globalDefault of ${name} PriorityClass must be false` : undefined;
}

export function validatePriorityClassUpdate(after: PriorityClass, before: PriorityClass): FieldError[] {
  const errors = after.value === before.value ? [] : [forbidden("value", "may not be changed in an update.")];
  return [...errors, ...unchanged(after.preemptionPolicy, before.preemptionPolicy, "preemptionPolicy")];
}
