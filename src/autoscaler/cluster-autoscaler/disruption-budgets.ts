import { matchesLabelSelector, type Pod, type PodDisruptionBudget } from "../../model/index.ts";

/** Budgets as they are left after what was simulated so far. */
export class DisruptionBudgets {
  readonly #budgets: { readonly budget: PodDisruptionBudget; allowed: number }[];

  constructor(budgets: Iterable<PodDisruptionBudget>) {
    this.#budgets = [...budgets].map((budget) => ({ budget, allowed: budget.status?.disruptionsAllowed ?? 0 }));
  }

  covers(pod: Pod): boolean {
    return this.#matching(pod).length > 0;
  }

  /** Whether every budget of the pod allows a disruption. */
  allow(pod: Pod): boolean {
    return this.#matching(pod).every(({ allowed }) => allowed >= 1);
  }

  /** Whether the budgets allow all of the pods to go at once. */
  allowTogether(pods: readonly Pod[]): boolean {
    const wanted = new Map<object, number>();
    for (const pod of pods) {
      for (const entry of this.#matching(pod)) {
        const count = (wanted.get(entry) ?? 0) + 1;
        if (count > entry.allowed) return false;
        wanted.set(entry, count);
      }
    }
    return true;
  }

  /** The pods are gone as far as the budgets are concerned. */
  spend(pods: readonly Pod[]): void {
    for (const pod of pods) for (const entry of this.#matching(pod)) entry.allowed -= 1;
  }

  #matching({ metadata }: Pod): { readonly budget: PodDisruptionBudget; allowed: number }[] {
    return this.#budgets.filter(
      ({ budget }) =>
        budget.metadata.namespace === metadata.namespace &&
        matchesLabelSelector(budget.spec.selector, metadata.labels ?? {}),
    );
  }
}
