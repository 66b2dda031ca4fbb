import type { CompiledLabelSelector, ObjectKey } from "../../model/index.ts";
import type { History } from "./history.ts";
import type { Quiet } from "./quiet.ts";
import { SelectorRegistry } from "./selectors.ts";

/** What the controller remembers beside the API; lost with the process. */
export class AutoscalerMemory {
  readonly histories = new Map<ObjectKey, History>();
  readonly selectors = new SelectorRegistry();
  /** When an autoscaler's next sync is due: its events do not hasten it. */
  readonly dueUs = new Map<ObjectKey, number>();
  /** Of autoscalers whose last sync changed nothing. */
  readonly quiet = new Map<ObjectKey, Quiet>();
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

  forget(key: ObjectKey): void {
    this.histories.delete(key);
    this.dueUs.delete(key);
    this.quiet.delete(key);
  }
}
