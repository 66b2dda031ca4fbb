import { type FieldError, forbidden, invalid, required } from "../field-error.ts";
import type {
  Affinity,
  LabelSelector,
  NodeSelector,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodAffinityTerm,
} from "../generated/api-types.ts";
import { validateLabelName } from "../metadata-validation.ts";
import { dns1123Label, dns1123Subdomain, labelValue } from "../names.ts";
import { validateLabelSelector } from "../selectors.ts";

const required_ = "requiredDuringSchedulingIgnoredDuringExecution";
const preferred = "preferredDuringSchedulingIgnoredDuringExecution";

/** Where a pod wants to be. Upstream: `validateAffinity`. */
export function validateAffinity(affinity: Affinity | undefined, field: string): FieldError[] {
  if (affinity === undefined) return [];
  const errors: FieldError[] = [];
  const node = affinity.nodeAffinity;
  if (node?.[required_] !== undefined) {
    errors.push(...validateNodeSelector(node[required_], `${field}.nodeAffinity.${required_}`));
  }
  for (const [index, { weight, preference }] of (node?.[preferred] ?? []).entries()) {
    const at = `${field}.nodeAffinity.${preferred}[${index}]`;
    errors.push(...validateWeight(weight, at));
    errors.push(...validateTerm(preference, `${at}.preference`, false)); // Wrong values are tolerated where nothing is required.
  }
  for (const kind of ["podAffinity", "podAntiAffinity"] as const) {
    const terms = affinity[kind];
    for (const [index, term] of (terms?.[required_] ?? []).entries()) {
      errors.push(...validatePodTerm(term, `${field}.${kind}.${required_}[${index}]`));
    }
    for (const [index, { weight, podAffinityTerm }] of (terms?.[preferred] ?? []).entries()) {
      const at = `${field}.${kind}.${preferred}[${index}]`;
      errors.push(...validateWeight(weight, at), ...validatePodTerm(podAffinityTerm, `${at}.podAffinityTerm`));
    }
  }
  return errors;
}

function validateWeight(weight: number, at: string): FieldError[] {
  return weight > 0 && weight <= 100 ? [] : [invalid(`${at}.weight`, weight, "must be in the range 1-100")];
}

/** Of a pod's required node affinity, or of a volume's. */
export function validateNodeSelector({ nodeSelectorTerms: terms = [] }: NodeSelector, at: string): FieldError[] {
  const field = `${at}.nodeSelectorTerms`;
  if (terms.length === 0) return [required(field, "must have at least one node selector term")];
  return terms.flatMap((term, index) => validateTerm(term, `${field}[${index}]`, true));
}

function validateTerm(
  { matchExpressions = [], matchFields = [] }: NodeSelectorTerm,
  at: string,
  strict: boolean,
): FieldError[] {
  return [
    ...matchExpressions.flatMap((expression, index) =>
      validateExpression(expression, `${at}.matchExpressions[${index}]`, strict),
    ),
    ...matchFields.flatMap((expression, index) => validateFieldExpression(expression, `${at}.matchFields[${index}]`)),
  ];
}

function validateExpression(
  { key = "", operator, values = [] }: NodeSelectorRequirement,
  at: string,
  strict: boolean,
): FieldError[] {
  const errors: FieldError[] = [];
  const field = `${at}.values`;
  if (operator === "In" || operator === "NotIn") {
    if (values.length === 0) errors.push(required(field, "must be specified when `operator` is 'In' or 'NotIn'"));
  } else if (operator === "Exists" || operator === "DoesNotExist") {
    if (values.length > 0)
      errors.push(forbidden(field, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
  } else if (operator === "Gt" || operator === "Lt") {
    if (values.length !== 1)
      errors.push(required(field, "must be specified single value when `operator` is 'Lt' or 'Gt'"));
  } else errors.push(invalid(`${at}.operator`, operator ?? "", "not a valid selector operator"));
  errors.push(...validateLabelName(key, `${at}.key`));
  if (!strict) return errors;
  return [
    ...errors,
    ...values.flatMap((value, index) =>
      labelValue(value).map((message) => invalid(`${field}[${index}]`, value, message)),
    ),
  ];
}

function validateFieldExpression(
  { key = "", operator, values = [] }: NodeSelectorRequirement,
  at: string,
): FieldError[] {
  const errors: FieldError[] = [];
  if (operator !== "In" && operator !== "NotIn") {
    errors.push(invalid(`${at}.operator`, operator ?? "", "not a valid selector operator"));
  } else if (values.length !== 1) {
    const detail = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
    errors.push(required(`${at}.values`, detail));
  }
  if (key !== "metadata.name") return [...errors, invalid(`${at}.key`, key, "not a valid field selector key")];
  return [
    ...errors,
    ...values.flatMap((value, index) =>
      dns1123Subdomain(value).map((message) => invalid(`${at}.values[${index}]`, value, message)),
    ),
  ];
}

function validatePodTerm(term: PodAffinityTerm, at: string): FieldError[] {
  const { labelSelector, namespaceSelector, namespaces = [], topologyKey = "" } = term;
  const errors = validateLabelSelector(labelSelector, `${at}.labelSelector`);
  errors.push(...validateLabelSelector(namespaceSelector, `${at}.namespaceSelector`));
  for (const name of namespaces) {
    errors.push(...dns1123Label(name).map((message) => invalid(`${at}.namespace`, name, message)));
  }
  errors.push(...validateLabelKeys(term, at));
  if (topologyKey === "") errors.push(required(`${at}.topologyKey`, "can not be empty"));
  return [...errors, ...validateLabelName(topologyKey, `${at}.topologyKey`)];
}

/** Keys whose values are taken from the pod itself, and so belong in no selector beside. */
function validateLabelKeys(term: PodAffinityTerm, at: string): FieldError[] {
  const { matchLabelKeys = [], mismatchLabelKeys = [], labelSelector } = term;
  const errors = (["matchLabelKeys", "mismatchLabelKeys"] as const).flatMap((list) => {
    const keys = term[list] ?? [];
    if (keys.length > 0 && labelSelector === undefined) {
      return [forbidden(`${at}.${list}`, "must not be specified when labelSelector is not set")];
    }
    return keys.flatMap((key, index) => validateLabelName(key, `${at}.${list}[${index}]`));
  });
  errors.push(...repeatedKeys(matchLabelKeys, labelSelector, at));
  for (const [index, key] of matchLabelKeys.entries()) {
    if (!mismatchLabelKeys.includes(key)) continue;
    const detail = "exists in both matchLabelKeys and mismatchLabelKeys";
    errors.push(invalid(`${at}.matchLabelKeys[${index}]`, key, detail));
  }
  return errors;
}

/** The server has already put an expression for each key into the selector; one that stands there besides is the user's. */
function repeatedKeys(keys: readonly string[], selector: LabelSelector | undefined, at: string): FieldError[] {
  const seen = new Set(Object.keys(selector?.matchLabels ?? {}));
  return (selector?.matchExpressions ?? []).flatMap(({ key }) => {
    const index = keys.indexOf(key);
    const repeated = index >= 0 && seen.has(key);
    seen.add(key);
    return repeated ? [invalid(`${at}[${index}]`, key, "exists in both matchLabelKeys and labelSelector")] : [];
  });
}
