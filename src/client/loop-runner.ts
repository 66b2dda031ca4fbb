import type { Kind } from "../model/index.ts";
import { type Handler, handler, nextTickAt, phase, type Sequence, type Ticker } from "../sim/index.ts";
import type { Task } from "./effect.ts";
import type { Change } from "./informer.ts";
import type { Process } from "./process.ts";
import type { View } from "./view.ts";

/** A component that looks at everything on a beat: node monitor, pod GC, autoscalers. */
export interface PeriodicLoop<Memory = unknown> {
  readonly name: string;
  readonly ticker: Ticker;
  /** Kinds whose changes can matter to a loop that sleeps; `matters` narrows them. */
  readonly watches: readonly {
    readonly kind: Kind;
    readonly matters?: (change: Change<never>, memory: Memory) => boolean;
  }[];
  memory(): Memory;
  /** One turn. It says before which instant it need not come again, or that only a change can matter: `asleep`. */
  tick(view: View, memory: Memory): Task<number | "asleep">;
}

/** Turns a loop on its own beat, and skips the turns in which it would do nothing. */
export class LoopRunner<Memory> {
  readonly #process: Process;
  readonly #periodic: PeriodicLoop<Memory>;
  readonly #turn: Handler<number>;
  #memory: Memory;
  #pending: { readonly event: Sequence; readonly atUs: number } | undefined;
  #turning = false;
  #roused = false;

  constructor(process: Process, periodic: PeriodicLoop<Memory>) {
    this.#process = process;
    this.#periodic = periodic;
    this.#memory = periodic.memory();
    this.#turn = handler(`${periodic.name}/tick`, (life) => this.#onTurn(life));
    process.onStart(() => this.#sleepUntil(process.nowUs));
    process.onCrash(() => {
      this.#memory = periodic.memory();
      this.#turning = false;
      this.#pending = undefined;
    });
    for (const { kind, matters } of periodic.watches) {
      process.informer(kind).onChange((change) => {
        if (matters === undefined || matters(change as Change<never>, this.#memory)) this.rouse();
      });
    }
  }

  get memory(): Memory {
    return this.#memory;
  }

  /** Something changed that the loop should look at, at its first tick from now. */
  rouse(): void {
    if (this.#turning) this.#roused = true;
    else if (this.#process.running) this.#sleepUntil(this.#process.nowUs);
  }

  #sleepUntil(wantedUs: number): void {
    const { loop } = this.#process.surroundings;
    const atUs = nextTickAt(this.#periodic.ticker, Math.max(wantedUs, loop.nowUs));
    if (this.#pending !== undefined) {
      if (this.#pending.atUs <= atUs) return;
      loop.cancel(this.#pending.event);
    }
    this.#pending = { event: loop.schedule(atUs, phase.decide, this.#turn, this.#process.life), atUs };
  }

  #onTurn(life: number): void {
    if (life !== this.#process.life) return;
    this.#pending = undefined;
    this.#turning = true;
    this.#roused = false;
    this.#process.run(this.#periodic.tick(this.#process.view, this.#memory), (wanted) => {
      this.#turning = false;
      const nextUs = this.#process.nowUs + 1;
      if (this.#roused) this.#sleepUntil(nextUs);
      else if (wanted !== "asleep") this.#sleepUntil(Math.max(nextUs, wanted));
    });
  }
}
