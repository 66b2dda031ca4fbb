import { compareText } from "./compare-text.ts";
import { type FieldError, forbidden, invalid, required } from "./field-error.ts";
import type { LabelSelector, LabelSelectorRequirement } from "./generated/api-types.ts";
import { validateLabelName, validateLabels } from "./metadata-validation.ts";
import { labelValue } from "./names.ts";
import { parseLabelSelector } from "./selector-parser.ts";
import {
  checkRequirement,
  formatRequirement,
  type LabelRequirement,
  type Labels,
  labelOf,
  requirementMatches,
  SelectorError,
} from "./selector-requirement.ts";

/** A selector made ready for many questions: plain equalities first, since most selectors are nothing else. */
export class CompiledLabelSelector {
  readonly requirements: readonly LabelRequirement[];
  readonly #nothing: boolean;
  readonly #keys: readonly string[];
  readonly #wanted: readonly string[];
  readonly #others: readonly LabelRequirement[];

  /** `undefined` selects nothing, an empty list everything. */
  constructor(requirements: readonly LabelRequirement[] | undefined) {
    this.requirements = requirements ?? [];
    this.#nothing = requirements === undefined;
    const equalities = this.requirements.filter(isEquality);
    this.#keys = equalities.map(({ key }) => key);
    this.#wanted = equalities.map(({ values }) => values[0]!);
    this.#others = this.requirements.filter((requirement) => !isEquality(requirement));
  }

  /** True when it selects every object. */
  get empty(): boolean {
    return !this.#nothing && this.requirements.length === 0;
  }

  /** Key and value of a label that whatever it selects has; `undefined` when it demands none. */
  demandedLabel(): readonly [key: string, value: string] | undefined {
    return this.#keys.length === 0 ? undefined : [this.#keys[0]!, this.#wanted[0]!];
  }

  matches(labels: Labels): boolean {
    if (this.#nothing) return false;
    for (let at = 0; at < this.#keys.length; at++) {
      if (labels === undefined || labels[this.#keys[at]!] !== this.#wanted[at]) return false;
    }
    for (const requirement of this.#others) if (!requirementMatches(requirement, labels)) return false;
    return true;
  }

  toString(): string {
    return this.requirements.map(formatRequirement).join(",");
  }
}

const isEquality = ({ operator, values }: LabelRequirement): boolean =>
  (operator === "=" || operator === "==" || operator === "in") && values.length === 1;

/** The compiled form of an API selector: `undefined` selects nothing, `{}` everything. Throws upstream's error text. */
export function compileLabelSelector(selector: LabelSelector | undefined | null): CompiledLabelSelector {
  if (selector === undefined || selector === null) return new CompiledLabelSelector(undefined);
  const requirements = [...equalities(selector.matchLabels), ...(selector.matchExpressions ?? []).map(requirementOf)];
  for (const requirement of requirements) checkRequirement(requirement);
  return new CompiledLabelSelector(byKey(requirements));
}

/** Of a selector string, as `kubectl -l` and list requests carry it. */
export function compileLabelSelectorString(text: string): CompiledLabelSelector {
  return new CompiledLabelSelector(parseLabelSelector(text));
}

/** Of plain labels (a Service's selector): every one must be there. Absent or empty labels select everything. */
export function compileLabelSet(labels: Labels): CompiledLabelSelector {
  return new CompiledLabelSelector(byKey(equalities(labels)));
}

const equalities = (labels: Labels): LabelRequirement[] =>
  Object.entries(labels ?? {}).map(([key, value]) => ({ key, operator: "=", values: [value] }));

const byKey = (requirements: LabelRequirement[]): LabelRequirement[] =>
  requirements.sort((left, right) => compareText(left.key, right.key));

function requirementOf({ key, operator, values }: LabelSelectorRequirement): LabelRequirement {
  const selection = ({ In: "in", NotIn: "notin", Exists: "exists", DoesNotExist: "!" } as const)[operator];
  if (selection === undefined)
    throw new SelectorError(`${JSON.stringify(operator)} is not a valid label selector operator`);
  return { key, operator: selection, values: values ?? [] };
}

/** One question asked of an uncompiled selector; a selector that is not valid selects nothing. */
export function matchesLabelSelector(selector: LabelSelector | undefined | null, labels: Labels): boolean {
  if (selector === undefined || selector === null) return false;
  if (!containsLabels(labels, selector.matchLabels)) return false;
  for (const expression of selector.matchExpressions ?? []) {
    const value = labelOf(labels, expression.key);
    const listed = value !== undefined && (expression.values?.includes(value) ?? false);
    switch (expression.operator) {
      case "In":
        if (!listed) return false;
        break;
      case "NotIn":
        if (listed) return false;
        break;
      case "Exists":
        if (value === undefined) return false;
        break;
      case "DoesNotExist":
        if (value !== undefined) return false;
        break;
      default:
        return false;
    }
  }
  return true;
}

/** Whether every wanted label is there with its value; nothing wanted is always there. */
export function containsLabels(labels: Labels, wanted: Labels): boolean {
  for (const key in wanted) if (labels === undefined || labels[key] !== wanted[key]) return false;
  return true;
}

/** As kubectl prints a selector: `<none>` for no selector, `<error>` for one that is not valid. */
export function formatLabelSelector(selector: LabelSelector | undefined | null): string {
  try {
    const text = compileLabelSelector(selector).toString();
    return text === "" ? "<none>" : text;
  } catch (error) {
    if (error instanceof SelectorError) return "<error>";
    throw error;
  }
}

export function validateLabelSelector(selector: LabelSelector | undefined | null, field: string): FieldError[] {
  if (selector === undefined || selector === null) return [];
  const errors = validateLabels(selector.matchLabels, `${field}.matchLabels`);
  for (const [index, expression] of (selector.matchExpressions ?? []).entries()) {
    errors.push(...validateExpression(expression, `${field}.matchExpressions[${index}]`));
  }
  return errors;
}

function validateExpression({ key, operator, values }: LabelSelectorRequirement, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const count = values?.length ?? 0;
  if (operator === "In" || operator === "NotIn") {
    if (count === 0) errors.push(required(`${field}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
  } else if (operator === "Exists" || operator === "DoesNotExist") {
    if (count > 0) {
      errors.push(forbidden(`${field}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
    }
  } else {
    errors.push(invalid(`${field}.operator`, operator, "not a valid selector operator"));
  }
  errors.push(...validateLabelName(key, `${field}.key`));
  for (const [index, value] of (values ?? []).entries()) {
    for (const message of labelValue(value)) errors.push(invalid(`${field}.values[${index}]`, value, message));
  }
  return errors;
}
