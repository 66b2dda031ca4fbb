import { aggregateText, childPath, type FieldError, invalid, notSupported } from "./field-error.ts";
import { labelValue, qualifiedName } from "./names.ts";

/** Labels of an object; absent ones are empty. */
export type Labels = Readonly<Record<string, string>> | undefined;

/** Operators by their names in apimachinery's `selection` package. */
export type SelectionOperator = "in" | "notin" | "exists" | "!" | "=" | "==" | "!=" | "gt" | "lt";

/** One condition on one label key. */
export interface LabelRequirement {
  readonly key: string;
  readonly operator: SelectionOperator;
  readonly values: readonly string[];
}

export class SelectorError extends Error {}

/** The value of a label, if the object has it; never something inherited from Object. */
export function labelOf(labels: Labels, key: string): string | undefined {
  if (labels === undefined) return undefined;
  const value: unknown = labels[key];
  return typeof value === "string" ? value : undefined;
}

export function requirementMatches(requirement: LabelRequirement, labels: Labels): boolean {
  const value = labelOf(labels, requirement.key);
  switch (requirement.operator) {
    case "in":
    case "=":
    case "==":
      return value !== undefined && requirement.values.includes(value);
    case "notin":
    case "!=":
      return value === undefined || !requirement.values.includes(value);
    case "exists":
      return value !== undefined;
    case "!":
      return value === undefined;
    case "gt":
      return value !== undefined && compareIntegerTexts(value, requirement.values[0]!) === 1;
    case "lt":
      return value !== undefined && compareIntegerTexts(value, requirement.values[0]!) === -1;
  }
}

/** Go's `ParseInt(text, 10, 64)`; `undefined` when it refuses. */
export function parseInt64(text: string): bigint | undefined {
  if (!/^[+-]?[0-9]+$/.test(text)) return undefined;
  const number = BigInt(text.replace("+", ""));
  return BigInt.asIntN(64, number) === number ? number : undefined;
}

function compareIntegerTexts(left: string, right: string): -1 | 0 | 1 | undefined {
  const [a, b] = [parseInt64(left), parseInt64(right)];
  if (a === undefined || b === undefined) return undefined;
  return a === b ? 0 : a < b ? -1 : 1;
}

/** What upstream's `NewRequirement` complains about. */
export function requirementErrors(requirement: LabelRequirement, path = ""): FieldError[] {
  const { key, operator, values } = requirement;
  const at = childPath(path, "values");
  const errors = labelKeyErrors(key, childPath(path, "key"));
  const shown = values.length === 0 ? null : values;
  const wrongCount = (detail: string): void => void errors.push(invalid(at, shown, detail));
  switch (operator) {
    case "in":
    case "notin":
      if (values.length === 0) wrongCount("for 'in', 'notin' operators, values set can't be empty");
      break;
    case "=":
    case "==":
    case "!=":
      if (values.length !== 1) wrongCount("exact-match compatibility requires one single value");
      break;
    case "exists":
    case "!":
      if (values.length !== 0) wrongCount("values set must be empty for exists and does not exist");
      break;
    case "gt":
    case "lt":
      if (values.length !== 1) wrongCount("for 'Gt', 'Lt' operators, exactly one value is required");
      for (const [index, value] of values.entries()) {
        if (parseInt64(value) !== undefined) continue;
        errors.push(invalid(`${at}[${index}]`, value, "for 'Gt', 'Lt' operators, the value must be an integer"));
      }
      break;
    default:
      errors.push(notSupported(childPath(path, "operator"), operator, operators));
  }
  for (const [index, value] of values.entries()) {
    const complaints = labelValue(value);
    if (complaints.length > 0) errors.push(invalid(`${at}[${index}][${key}]`, value, complaints.join("; ")));
  }
  return errors;
}

const operators = ["in", "notin", "=", "==", "!=", "gt", "lt", "exists", "!"];

/** Complaints about a label key, joined into one; the parser of selector strings has no path and says `<nil>`. */
export function labelKeyErrors(key: string, path: string): FieldError[] {
  const complaints = qualifiedName(key);
  return complaints.length === 0 ? [] : [invalid(path, key, complaints.join("; "))];
}

/** Throws upstream's text when the requirement is not valid. */
export function checkRequirement(requirement: LabelRequirement): LabelRequirement {
  const errors = requirementErrors(requirement);
  if (errors.length > 0) throw new SelectorError(aggregateText(errors.map(({ text }) => text)));
  return requirement;
}

/** `app=web`, `env in (dev,prod)`, `!x`: values sorted. */
export function formatRequirement({ key, operator, values }: LabelRequirement): string {
  switch (operator) {
    case "exists":
      return key;
    case "!":
      return `!${key}`;
    case "in":
    case "notin":
      return `${key} ${operator} (${[...values].sort().join(",")})`;
    default:
      return `${key}${operator === "gt" ? ">" : operator === "lt" ? "<" : operator}${values.join(",")}`;
  }
}
