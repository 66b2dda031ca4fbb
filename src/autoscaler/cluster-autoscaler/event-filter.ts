import type { Effect, Task } from "../../client/index.ts";
import { keyOf } from "../../model/index.ts";

const repeatAfterUs = 300_000_000;
const mostRemembered = 8_192;

/**
 * The autoscaler's own correlator options (`--record-duplicated-events=false`): an event that says the same of the same object
 * is let through once in five minutes. Otherwise every run would tell every pod that waits, and spend the client's tokens on it.
 */
export class EventFilter {
  readonly #nowUs: () => number;
  readonly #lastUs = new Map<string, number>();

  constructor(nowUs: () => number) {
    this.#nowUs = nowUs;
  }

  /** The same task, and those it starts, without events that are repeated too soon. */
  *through<Result>(task: Task<Result>): Task<Result> {
    let answer: unknown;
    for (;;) {
      const { done, value } = task.next(answer);
      if (done === true) return value;
      if (value.do === "event" && this.#isRepeated(value)) answer = undefined;
      else answer = yield this.#filtered(value);
    }
  }

  #filtered(effect: Effect): Effect {
    if (effect.do === "spawn") return { ...effect, task: this.through(effect.task) };
    if (effect.do === "all") return { ...effect, tasks: effect.tasks.map((task) => this.through(task)) };
    return effect;
  }

  #isRepeated({ about, type, reason, message }: Extract<Effect, { do: "event" }>): boolean {
    const key = `${about.kind} ${keyOf(about)} ${about.metadata.uid} ${type} ${reason} ${message}`;
    const nowUs = this.#nowUs();
    const lastUs = this.#lastUs.get(key);
    if (lastUs !== undefined && lastUs + repeatAfterUs > nowUs) return true;
    this.#lastUs.delete(key);
    this.#lastUs.set(key, nowUs);
    if (this.#lastUs.size > mostRemembered) this.#lastUs.delete(this.#lastUs.keys().next().value!);
    return false;
  }
}
