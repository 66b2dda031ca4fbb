import { type CompiledLabelSelector, compileLabelSelector, type PodAffinityTerm } from "../../model/index.ts";
import { selectorText } from "./selector-text.ts";

type Labels = Readonly<Record<string, string>>;

/** Labels of a namespace by its name; `undefined` when there is no such namespace. */
export type NamespaceLabels = (namespace: string) => Labels | undefined;

const noLabels: Labels = {};

/** One term of inter-pod affinity: which pods it means, and within which topology. */
export class AffinityTerm {
  readonly topologyKey: string;
  readonly #namespaces: ReadonlySet<string>;
  readonly #namespaceSelector: CompiledLabelSelector;
  readonly #pods: CompiledLabelSelector;
  /** Equal text means that the terms mean the same pods in the same topology. */
  readonly text: string;

  /** `ownNamespace`: of the pod that carries the term; meant when the term names neither namespaces nor a selector of them. */
  constructor(term: PodAffinityTerm, ownNamespace: string) {
    this.topologyKey = term.topologyKey;
    const named = term.namespaces ?? [];
    this.#namespaces = new Set(named.length === 0 && term.namespaceSelector === undefined ? [ownNamespace] : named);
    this.#namespaceSelector = compileLabelSelector(term.namespaceSelector);
    this.#pods = compileLabelSelector(term.labelSelector);
    this.text = [
      this.topologyKey,
      [...this.#namespaces].sort().join(","),
      selectorText(this.#namespaceSelector),
      selectorText(this.#pods),
    ].join("\u0001");
  }

  /** Whether the term means a pod of this namespace with these labels. */
  matches(namespace: string, labels: Labels, namespaceLabels: NamespaceLabels): boolean {
    if (!this.#namespaces.has(namespace)) {
      if (!this.#namespaceSelector.matches(namespaceLabels(namespace) ?? noLabels)) return false;
    }
    return this.#pods.matches(labels);
  }
}
