import { type FieldError, forbidden, invalid, notSupported } from "../field-error.ts";
import type { Lease } from "../generated/api-types.ts";
import { qualifiedName } from "../names.ts";
import { notNegative, positive } from "./checks.ts";

/** Upstream: pkg/apis/coordination/validation. */
export function validateLease({ spec = {} }: Lease): FieldError[] {
  const { leaseDurationSeconds, leaseTransitions, strategy, preferredHolder } = spec;
  const errors = positive(leaseDurationSeconds, "spec.leaseDurationSeconds");
  errors.push(...notNegative(leaseTransitions, "spec.leaseTransitions"));
  if (strategy?.includes("/") === true) {
    errors.push(...qualifiedName(strategy).map((message) => invalid("spec.strategy", strategy, message)));
  } else if (strategy !== undefined && strategy !== "OldestEmulationVersion") {
    errors.push(notSupported("spec.strategy.strategy", strategy, ["OldestEmulationVersion"])); // Upstream says it twice.
  }
  if (preferredHolder && !strategy) {
    errors.push(forbidden("spec.preferredHolder", "may only be specified if `strategy` is defined"));
  }
  return errors;
}
