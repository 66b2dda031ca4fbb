import { type FieldError, invalid } from "../field-error.ts";
import type { PodDisruptionBudget } from "../generated/api-types.ts";
import type { IntOrString } from "../object-meta.ts";
import { validateLabelSelector } from "../selectors.ts";
import { intOrPercent, oneOf, percentValue } from "./checks.ts";

/** Upstream: pkg/apis/policy/validation. */
export function validatePodDisruptionBudget({ spec }: PodDisruptionBudget): FieldError[] {
  const { minAvailable, maxUnavailable, selector, unhealthyPodEvictionPolicy } = spec;
  const errors: FieldError[] = [];
  if (minAvailable !== undefined && maxUnavailable !== undefined) {
    const shown = {
      MinAvailable: minAvailable,
      Selector: selector ?? null,
      MaxUnavailable: maxUnavailable,
      UnhealthyPodEvictionPolicy: unhealthyPodEvictionPolicy ?? null,
    };
    errors.push(invalid("spec", shown, "minAvailable and maxUnavailable cannot be both set"));
  }
  errors.push(...bounded(minAvailable, "spec.minAvailable"), ...bounded(maxUnavailable, "spec.maxUnavailable"));
  errors.push(...validateLabelSelector(selector, "spec.selector"));
  const policies = ["AlwaysAllow", "IfHealthyBudget"];
  return [...errors, ...oneOf(unhealthyPodEvictionPolicy, policies, "spec.unhealthyPodEvictionPolicy")];
}

function bounded(value: IntOrString | undefined, field: string): FieldError[] {
  const errors = intOrPercent(value, field);
  const share = percentValue(value);
  return share !== undefined && share > 100
    ? [...errors, invalid(field, value, "must not be greater than 100%")]
    : errors;
}
