import { type EventLoop, handler, phase, type Sequence } from "../sim/index.ts";

/** Something that happens once and that work can wait for. */
export class Signal {
  fired = false;
  #waiting: readonly Work[] = nobody;

  /** Wakes everybody who still waits, in the order in which they began to. */
  fire(): void {
    if (this.fired) return;
    this.fired = true;
    const waiting = this.#waiting;
    this.#waiting = nobody;
    for (const work of waiting) work.wake();
  }

  subscribe(work: Work): void {
    this.#waiting = [...this.#waiting, work];
  }

  /** It waits no longer: what lives long must not remember all who ever waited. */
  unsubscribe(work: Work): void {
    this.#waiting = this.#waiting.filter((one) => one !== work);
  }
}

const nobody: readonly Work[] = [];

/** What a step waits for: an instant in microseconds, a signal, or whichever comes first. */
export type Wait = number | Signal | { readonly signal: Signal; readonly notAfterUs: number };

/** Work of a kubelet in steps; each yield is a wait. */
export type Steps<Result = void> = Generator<Wait, Result, void>;

/** The process that does the work. Stalled, nothing of it goes on until it is resumed; dead, nothing ever. */
export class Execution {
  readonly loop: EventLoop;
  dead = false;
  #stalled = false;
  #held: (() => void)[] = [];
  /** What is due at this instant, in the order in which it was asked for. */
  #soon: (() => void)[] = [];
  #draining = false;

  constructor(loop: EventLoop) {
    this.loop = loop;
  }

  /** Does it now, or when the process goes on; never when it is dead. */
  run(task: () => void): void {
    if (this.dead) return;
    if (this.#stalled) this.#held.push(task);
    else task();
  }

  /** Does it at an instant, after what is due then already. Answers what `loop.cancel` takes. */
  at(atUs: number, task: () => void): Sequence {
    return this.loop.schedule(atUs, phase.decide, runTask, { execution: this, task });
  }

  /** Does it at an instant, when nothing else of it is left to do. */
  afterAll(atUs: number, task: () => void): void {
    this.loop.schedule(atUs, phase.observe, runTask, { execution: this, task });
  }

  /**
   * Does it at this very instant, after what is due already: what a channel to another goroutine is upstream. What follows
   * from it at the same instant belongs to the same event.
   */
  soon(task: () => void): void {
    this.#soon.push(task);
    if (this.#draining) return;
    this.#draining = true;
    this.loop.schedule(this.loop.nowUs, phase.decide, drain, this);
  }

  drain(): void {
    const tasks = this.#soon;
    for (let next = 0; next < tasks.length; next += 1) this.run(tasks[next]!);
    tasks.length = 0;
    this.#draining = false;
  }

  stall(): void {
    this.#stalled = true;
  }

  resume(): void {
    this.#stalled = false;
    const held = this.#held;
    this.#held = [];
    for (const task of held) task();
  }
}

const runTask = handler<{ readonly execution: Execution; readonly task: () => void }>(
  "kubelet/task",
  ({ execution, task }) => execution.run(task),
);

const drain = handler<Execution>("kubelet/soon", (execution) => execution.drain());

const step = handler<Work>("kubelet/step", (work) => work.step());

/** A goroutine: runs its steps until they wait, and goes on when the wait is over. */
export class Work {
  readonly #execution: Execution;
  readonly #steps: Steps;
  readonly #done: (() => void) | undefined;
  readonly #going = (): void => this.#go();
  #pending: Sequence | undefined;
  #awaited: Signal | undefined;

  constructor(execution: Execution, steps: Steps, done?: () => void) {
    this.#execution = execution;
    this.#steps = steps;
    this.#done = done;
    this.#go();
  }

  /** The wait is over: goes on at this instant, after what is due already. */
  wake(): void {
    this.#awaited = undefined;
    if (this.#pending !== undefined) this.#execution.loop.cancel(this.#pending);
    this.#pending = undefined;
    this.#execution.soon(this.#going);
  }

  /** The instant it waited for has come. */
  step(): void {
    this.#pending = undefined;
    this.#awaited?.unsubscribe(this);
    this.#awaited = undefined;
    this.#execution.run(this.#going);
  }

  #go(): void {
    const { loop } = this.#execution;
    for (;;) {
      const { done, value } = this.#steps.next();
      if (done === true) {
        this.#done?.();
        return;
      }
      if (typeof value === "number") {
        if (value <= loop.nowUs) continue;
        this.#pending = loop.schedule(value, phase.decide, step, this);
        return;
      }
      const signal = value instanceof Signal ? value : value.signal;
      if (signal.fired) continue;
      signal.subscribe(this);
      this.#awaited = signal;
      if (!(value instanceof Signal))
        this.#pending = loop.schedule(Math.max(value.notAfterUs, loop.nowUs), phase.decide, step, this);
      return;
    }
  }
}

/** Asks another process, which answers at this very instant: what is due already goes on first. */
export function* ask(execution: Execution): Steps {
  const answered = new Signal();
  execution.soon(() => answered.fire());
  yield answered;
}

/** Side by side: goes on when the last of them is done. */
export function* inParallel(execution: Execution, all: readonly Steps[]): Steps {
  let left = all.length;
  if (left === 0) return;
  const over = new Signal();
  for (const steps of all) {
    new Work(execution, steps, () => {
      left -= 1;
      if (left === 0) over.fire();
    });
  }
  yield over;
}
