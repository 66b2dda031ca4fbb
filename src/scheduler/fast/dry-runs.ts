import type { DryRun } from "../cycle/preemption.ts";
import type { ChangeLog } from "./change-log.ts";

/** What trying nodes out came to for pods that are alike and of one priority, until the node changes. */
export class DryRuns {
  readonly #results: (DryRun | undefined)[] = [];
  readonly #failed: boolean[] = [];
  #cursor = 0;
  #budgetsVersion = -1;

  /** Takes in which nodes have changed, and whether budgets have. */
  catchUp({ slots, dropped, end }: ChangeLog, budgetsVersion: number): void {
    if (this.#cursor < dropped || this.#budgetsVersion !== budgetsVersion) {
      this.#results.length = 0;
      this.#failed.length = 0;
    } else {
      for (let at = this.#cursor - dropped; at < slots.length; at++) {
        this.#results[slots[at]!] = undefined;
        this.#failed[slots[at]!] = false;
      }
    }
    this.#cursor = end;
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
