import { type FieldError, invalid, notSupported } from "./field-error.ts";
import { type FieldTerm, matchesFields } from "./field-selectors.ts";
import type { Node, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, Pod } from "./generated/api-types.ts";
import {
  type LabelRequirement,
  type Labels,
  requirementErrors,
  requirementMatches,
  type SelectionOperator,
} from "./selector-requirement.ts";
import { containsLabels } from "./selectors.ts";

/** What node selectors look at. */
export interface SelectableNode {
  readonly metadata: { readonly name: string; readonly labels?: Labels };
}

/** One compiled term. `errors` is empty for a valid one; an invalid term matches nothing. */
export class CompiledNodeSelectorTerm {
  readonly errors: readonly FieldError[];
  readonly #expressions: readonly LabelRequirement[];
  readonly #fields: readonly FieldTerm[];

  constructor(term: NodeSelectorTerm, path: string) {
    const errors: FieldError[] = [];
    this.#expressions = compileExpressions(term.matchExpressions ?? [], `${path}.matchExpressions`, errors);
    this.#fields = compileFields(term.matchFields ?? [], `${path}.matchFields`, errors);
    this.errors = errors;
  }

  matches(node: SelectableNode): boolean {
    if (this.errors.length > 0) return false;
    for (const requirement of this.#expressions) {
      if (!requirementMatches(requirement, node.metadata.labels)) return false;
    }
    return this.#fields.length === 0 || matchesFields(this.#fields, { "metadata.name": node.metadata.name });
  }
}

function compileExpressions(
  expressions: readonly NodeSelectorRequirement[],
  path: string,
  errors: FieldError[],
): LabelRequirement[] {
  const compiled: LabelRequirement[] = [];
  for (const [index, { key, operator, values }] of expressions.entries()) {
    const at = `${path}[${index}]`;
    const selection = selectionOf[operator];
    if (selection === undefined) {
      errors.push(notSupported(`${at}.operator`, operator, Object.keys(selectionOf)));
      continue;
    }
    const requirement = { key, operator: selection, values: values ?? [] };
    errors.push(...requirementErrors(requirement, at));
    compiled.push(requirement);
  }
  return compiled;
}

const selectionOf: Readonly<Record<string, SelectionOperator>> = {
  In: "in",
  NotIn: "notin",
  Exists: "exists",
  DoesNotExist: "!",
  Gt: "gt",
  Lt: "lt",
};

function compileFields(
  expressions: readonly NodeSelectorRequirement[],
  path: string,
  errors: FieldError[],
): FieldTerm[] {
  const compiled: FieldTerm[] = [];
  for (const [index, { key, operator, values }] of expressions.entries()) {
    const at = `${path}[${index}]`;
    if (operator !== "In" && operator !== "NotIn") {
      errors.push(notSupported(`${at}.operator`, operator, ["In", "NotIn"]));
    } else if (values?.length !== 1) {
      errors.push(invalid(`${at}.values`, values ?? null, "must have one element"));
    } else {
      compiled.push({ field: key, operator: operator === "In" ? "=" : "!=", value: values[0]! });
    }
  }
  return compiled;
}

const isEmptyTerm = (term: NodeSelectorTerm): boolean =>
  (term.matchExpressions?.length ?? 0) === 0 && (term.matchFields?.length ?? 0) === 0;

/** Terms are alternatives; an empty term matches nothing, and so does a selector without terms. */
export class CompiledNodeSelector {
  readonly terms: readonly CompiledNodeSelectorTerm[];

  constructor(selector: NodeSelector, path = "") {
    const field = path === "" ? "nodeSelectorTerms" : `${path}.nodeSelectorTerms`;
    this.terms = selector.nodeSelectorTerms.flatMap((term, index) =>
      isEmptyTerm(term) ? [] : [new CompiledNodeSelectorTerm(term, `${field}[${index}]`)],
    );
  }

  /** Complaints of all terms; upstream shows them only if no other term matches. */
  get errors(): FieldError[] {
    return this.terms.flatMap(({ errors }) => errors);
  }

  matches(node: SelectableNode): boolean {
    for (const term of this.terms) if (term.matches(node)) return true;
    return false;
  }
}

/** A pod's `nodeSelector` and required node affinity together, compiled once for all nodes. */
export class RequiredNodeAffinity {
  readonly #labels: Labels;
  readonly #selector: CompiledNodeSelector | undefined;

  constructor(pod: Pick<Pod, "spec">) {
    this.#labels = pod.spec.nodeSelector;
    const required = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
    this.#selector = required === undefined ? undefined : new CompiledNodeSelector(required);
  }

  matches(node: SelectableNode | Node): boolean {
    if (!containsLabels(node.metadata.labels, this.#labels)) return false;
    return this.#selector === undefined || this.#selector.matches(node);
  }
}
