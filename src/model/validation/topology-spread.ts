import { duplicate, type FieldError, forbidden, invalid, notSupported, required } from "../field-error.ts";
import type { TopologySpreadConstraint } from "../generated/api-types.ts";
import { validateLabelName } from "../metadata-validation.ts";
import { validateLabelSelector } from "../selectors.ts";
import { oneOf } from "./checks.ts";

/** Upstream: `validateTopologySpreadConstraints`. */
export function validateSpread(constraints: readonly TopologySpreadConstraint[], field: string): FieldError[] {
  return constraints.flatMap((constraint, index) => {
    const { maxSkew = 0, topologyKey = "", whenUnsatisfiable = "", minDomains } = constraint;
    const at = `${field}[${index}]`;
    const errors: FieldError[] = [];
    if (maxSkew <= 0) errors.push(invalid(`${at}.maxSkew`, maxSkew, "must be greater than zero"));
    if (topologyKey === "") errors.push(required(`${at}.topologyKey`, "can not be empty"));
    const actions = ["DoNotSchedule", "ScheduleAnyway"];
    if (!actions.includes(whenUnsatisfiable))
      errors.push(notSupported(`${at}.whenUnsatisfiable`, whenUnsatisfiable, actions));
    const twin = constraints.findIndex(
      (other, position) =>
        position > index && other.topologyKey === topologyKey && other.whenUnsatisfiable === whenUnsatisfiable,
    );
    if (twin >= 0) {
      errors.push(duplicate(`${at}.{topologyKey, whenUnsatisfiable}`, `{${topologyKey}, ${whenUnsatisfiable}}`));
    }
    if (minDomains !== undefined && minDomains <= 0) {
      errors.push(invalid(`${at}.minDomains`, minDomains, "must be greater than zero"));
    }
    if (minDomains !== undefined && whenUnsatisfiable !== "DoNotSchedule") {
      const detail = `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable}`;
      errors.push(invalid(`${at}.minDomains`, minDomains, detail));
    }
    for (const key of ["nodeAffinityPolicy", "nodeTaintsPolicy"] as const) {
      errors.push(...oneOf(constraint[key], ["Honor", "Ignore"], `${at}.${key}`));
    }
    errors.push(...validateLabelKeys(constraint, `${at}.matchLabelKeys`));
    return [...errors, ...validateLabelSelector(constraint.labelSelector, `${at}.labelSelector`)];
  });
}

function validateLabelKeys(
  { matchLabelKeys = [], labelSelector }: TopologySpreadConstraint,
  field: string,
): FieldError[] {
  if (matchLabelKeys.length === 0) return [];
  const errors =
    labelSelector === undefined ? [forbidden(field, "must not be specified when labelSelector is not set")] : [];
  const { matchLabels = {}, matchExpressions = [] } = labelSelector ?? {};
  const selected = new Set([...Object.keys(matchLabels), ...matchExpressions.map(({ key }) => key)]);
  for (const [index, key] of matchLabelKeys.entries()) {
    errors.push(...validateLabelName(key, `${field}[${index}]`));
    if (selected.has(key))
      errors.push(invalid(`${field}[${index}]`, key, "exists in both matchLabelKeys and labelSelector"));
  }
  return errors;
}
