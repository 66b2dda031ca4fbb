import type { DryRun } from "../cycle/preemption.ts";

/** What trying nodes out came to for pods that are alike and of one priority, until the node changes. */
export class DryRuns {
  readonly #results: (DryRun | undefined)[] = [];
  readonly #failed: boolean[] = [];
  #cursor = 0;
  #budgetsVersion = -1;

  /** Takes in which nodes have changed, and whether budgets have. */
  catchUp(changes: readonly number[], dropped: number, budgetsVersion: number): void {
    if (this.#cursor < dropped || this.#budgetsVersion !== budgetsVersion) {
      this.#results.length = 0;
      this.#failed.length = 0;
    } else {
      for (let at = this.#cursor - dropped; at < changes.length; at++) {
        this.#results[changes[at]!] = undefined;
        this.#failed[changes[at]!] = false;
      }
    }
    this.#cursor = dropped + changes.length;
    this.#budgetsVersion = budgetsVersion;
  }

  get(slot: number): DryRun | undefined {
    return this.#results[slot];
  }

  failed(slot: number): boolean {
    return this.#failed[slot] === true;
  }

  set(slot: number, result: DryRun): void {
    this.#results[slot] = result;
    this.#failed[slot] = !("victims" in result);
  }
}
