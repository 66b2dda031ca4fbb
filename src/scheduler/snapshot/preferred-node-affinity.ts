import { CompiledNodeSelectorTerm, type PreferredSchedulingTerm, type SelectableNode } from "../../model/index.ts";

/** Preferred terms with their weights; a preference without requirements adds nothing. */
export class PreferredNodeAffinity {
  readonly #terms: readonly { readonly weight: number; readonly term: CompiledNodeSelectorTerm }[];

  constructor(terms: readonly PreferredSchedulingTerm[]) {
    this.#terms = terms.flatMap(({ weight, preference }, index) => {
      const count = (preference.matchExpressions?.length ?? 0) + (preference.matchFields?.length ?? 0);
      if (weight === 0 || count === 0) return [];
      return [{ weight, term: new CompiledNodeSelectorTerm(preference, `[${index}].preference`) }];
    });
  }

  score(node: SelectableNode): number {
    let sum = 0;
    for (const { weight, term } of this.#terms) if (term.matches(node)) sum += weight;
    return sum;
  }
}
