import type { ApiError } from "../apiserver/index.ts";
import type { Kind, ObjectKey } from "../model/index.ts";
import { type Handler, handler, phase, type Sequence } from "../sim/index.ts";
import type { Task } from "./effect.ts";
import type { Change } from "./informer.ts";
import type { Process } from "./process.ts";
import type { View } from "./view.ts";
import { defaultRetryLimits, type RetryLimits, WorkQueue } from "./work-queue.ts";

/** How a reconcile ended. `retry` goes behind the back-off of its key; `requeueInUs` comes again then, whatever happens. */
export type Outcome = "done" | { readonly requeueInUs: number } | { readonly retry: ApiError };

/** Which objects wake a controller, and which keys they put on its queue. It may note what it sees in the memory. */
export interface Watch<Memory> {
  readonly kind: Kind;
  readonly keys: (change: Change<never>, view: View, memory: Memory) => Iterable<ObjectKey>;
  /** The keys wait so long, so that what follows shortly is seen in one sync. Default: not at all. */
  readonly delayUs?: (change: Change<never>) => number;
}

export interface Controller<Memory = unknown> {
  /** Upstream's name; also the name of its client. */
  readonly name: string;
  readonly watches: readonly Watch<Memory>[];
  /** `--concurrent-…-syncs`. */
  readonly workers: number;
  readonly retries?: RetryLimits;
  /** Gives a key up after so many failures in a row. Default: never. */
  readonly maxRetries?: number;
  /** Expectations, recommendations, timers: lost with the process. */
  memory(): Memory;
  reconcile(key: ObjectKey, view: View, memory: Memory): Task<Outcome>;
}

/** Runs a controller inside a process: watches, queue, workers, retries. */
export class ControllerRunner<Memory> {
  readonly #process: Process;
  readonly #controller: Controller<Memory>;
  readonly #pump: Handler<number>;
  readonly #later: Handler<{ readonly key: ObjectKey; readonly life: number }>;
  readonly #timers = new Map<ObjectKey, { readonly atUs: number; readonly event: Sequence }>();
  #queue: WorkQueue;
  #memory: Memory;
  #busy = 0;
  #pumping = false;

  constructor(process: Process, controller: Controller<Memory>) {
    this.#process = process;
    this.#controller = controller;
    this.#memory = controller.memory();
    this.#queue = new WorkQueue(controller.retries ?? defaultRetryLimits);
    this.#pump = handler(`${controller.name}/work`, (life) => this.#work(life));
    this.#later = handler(`${controller.name}/later`, ({ key, life }) => {
      if (life !== process.life) return;
      this.#timers.delete(key);
      this.add(key);
    });
    process.onCrash(() => this.#reset());
    for (const watch of controller.watches) {
      process.informer(watch.kind).onChange((change) => {
        const delayUs = watch.delayUs?.(change as Change<never>) ?? 0;
        for (const key of watch.keys(change as Change<never>, process.view, this.#memory)) {
          if (delayUs === 0) this.add(key);
          else this.#addAt(key, process.nowUs + delayUs);
        }
      });
    }
  }

  get memory(): Memory {
    return this.#memory;
  }

  add(key: ObjectKey): void {
    this.#queue.add(key);
    this.#pumpLater();
  }

  #reset(): void {
    this.#memory = this.#controller.memory();
    this.#queue = new WorkQueue(this.#controller.retries ?? defaultRetryLimits);
    this.#timers.clear();
    this.#busy = 0;
    this.#pumping = false;
  }

  #pumpLater(): void {
    if (this.#pumping || this.#queue.length === 0 || this.#busy >= this.#controller.workers) return;
    this.#pumping = true;
    const { loop } = this.#process.surroundings;
    loop.schedule(loop.nowUs, phase.decide, this.#pump, this.#process.life);
  }

  #work(life: number): void {
    if (life !== this.#process.life) return;
    this.#pumping = false;
    while (this.#busy < this.#controller.workers) {
      const key = this.#queue.take();
      if (key === undefined) return;
      this.#busy += 1;
      const task = this.#controller.reconcile(key, this.#process.view, this.#memory);
      this.#process.run(task, (outcome) => this.#finish(key, outcome));
    }
  }

  #finish(key: ObjectKey, outcome: Outcome): void {
    this.#busy -= 1;
    const { nowUs } = this.#process;
    if (outcome === "done") {
      this.#queue.forget(key);
    } else if ("requeueInUs" in outcome) {
      this.#queue.forget(key);
      this.#addAt(key, nowUs + Math.max(0, Math.ceil(outcome.requeueInUs)));
    } else if (this.#queue.failures(key) < (this.#controller.maxRetries ?? Number.POSITIVE_INFINITY)) {
      this.#addAt(key, Math.ceil(this.#queue.retryAtUs(key, nowUs)));
    } else {
      this.#queue.forget(key);
    }
    this.#queue.done(key);
    this.#pumpLater();
  }

  /** Delayed add: an earlier time wins over a later one for one key. */
  #addAt(key: ObjectKey, atUs: number): void {
    const { loop } = this.#process.surroundings;
    const pending = this.#timers.get(key);
    if (pending !== undefined && pending.atUs <= atUs) return;
    if (pending !== undefined) loop.cancel(pending.event);
    const event = loop.schedule(atUs, phase.decide, this.#later, { key, life: this.#process.life });
    this.#timers.set(key, { atUs, event });
  }
}
