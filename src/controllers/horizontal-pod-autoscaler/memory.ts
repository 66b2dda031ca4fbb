import type { CompiledLabelSelector, ObjectKey } from "../../model/index.ts";
import type { History } from "./history.ts";
import type { Ports } from "./ports.ts";
import { SelectorRegistry } from "./selectors.ts";
import type { Sleep } from "./sleep.ts";

/** What the controller remembers beside the API; lost with the process. */
export class AutoscalerMemory {
  readonly histories = new Map<ObjectKey, History>();
  readonly selectors = new SelectorRegistry();
  /** When an autoscaler's next sync is due: its events do not hasten it. */
  readonly dueUs = new Map<ObjectKey, number>();
  /** Autoscalers whose next syncs would change nothing. */
  readonly asleep = new Map<ObjectKey, Sleep>();
  /** Made at the first sync, and kept for what it has read already. */
  ports: Ports | undefined;
  readonly #byTarget = new Map<string, ObjectKey>();
  readonly #compiled = new Map<string, CompiledLabelSelector | string>();

  /** A parsed selector, or the complaint about it; texts repeat at every sync. */
  compiled(text: string, compile: (text: string) => CompiledLabelSelector | string): CompiledLabelSelector | string {
    let selector = this.#compiled.get(text);
    if (selector === undefined) {
      selector = compile(text);
      this.#compiled.set(text, selector);
    }
    return selector;
  }

  beginSleep(key: ObjectKey, sleep: Sleep): void {
    this.asleep.set(key, sleep);
    this.#byTarget.set(sleep.target, key);
  }

  endSleep(key: ObjectKey): Sleep | undefined {
    const sleep = this.asleep.get(key);
    if (sleep === undefined) return undefined;
    this.asleep.delete(key);
    this.#byTarget.delete(sleep.target);
    return sleep;
  }

  sleeperByTarget(target: string): ObjectKey | undefined {
    return this.#byTarget.get(target);
  }

  forget(key: ObjectKey): void {
    this.histories.delete(key);
    this.dueUs.delete(key);
    this.endSleep(key);
  }
}
