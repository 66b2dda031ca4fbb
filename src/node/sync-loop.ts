import { nextTickAt, type Sequence, type Ticker } from "../sim/index.ts";
import type { Execution } from "./work.ts";

/** A runtime that has not been ready for so long is called down. */
const downUs = 30_000_000;
const firstSleepUs = 100_000;
const longestSleepUs = 5_000_000;

interface SyncLoopOptions {
  readonly execution: Execution;
  /** `updateRuntimeUp`, every five seconds. */
  readonly runtimeUp: Ticker;
  /** Whether the container runtime calls itself ready. */
  readonly runtimeReady: () => boolean;
  /** What is complained of has changed. */
  readonly changed: () => void;
}

/**
 * kubelet's `syncLoop`: while the container runtime is not ready it sleeps, and while room is made for a critical pod it
 * stands still. What it would have taken up (pods that come, change or go, what the PLEG and probes say, retries) waits.
 * Workers, probes and reports of the node go on.
 */
export class SyncLoop {
  readonly #options: SyncLoopOptions;
  readonly #held: (() => void)[] = [];
  /** When the last tick found the runtime ready before it was not; `undefined` while it is. */
  #readyUs: number | undefined;
  #asleepUs: number | undefined;
  #standing = false;
  #check: Sequence | undefined;

  constructor(options: SyncLoopOptions) {
    this.#options = options;
  }

  /** Does it, when the loop goes round. */
  run(task: () => void): void {
    if (this.#waits()) this.#held.push(task);
    else task();
  }

  /** The task that it does now is not over before `goOn`. */
  standStill(): void {
    this.#standing = true;
  }

  goOn(): void {
    this.#standing = false;
    this.#catchUp();
  }

  #waits(): boolean {
    const asleep = this.#asleepUs !== undefined && this.#options.execution.loop.nowUs >= this.#asleepUs;
    return asleep || this.#standing;
  }

  #catchUp(): void {
    while (this.#held.length > 0 && !this.#waits()) this.#held.shift()!();
  }

  /** What is wrong with the runtime, in the words of the node's condition. */
  complaints(): string[] {
    if (this.#readyUs === undefined) return [];
    const down = this.#options.execution.loop.nowUs >= this.#readyUs + downUs;
    return [
      ...(down ? ["container runtime is down"] : []),
      "container runtime not ready: RuntimeReady=false reason: message:",
    ];
  }

  /** The runtime may be otherwise than before: the next tick finds out. */
  look(): void {
    if (this.#check !== undefined) return;
    const { execution, runtimeUp } = this.#options;
    this.#check = execution.at(nextTickAt(runtimeUp, execution.loop.nowUs + 1), () => {
      this.#check = undefined;
      this.#update();
    });
  }

  #update(): void {
    const { execution, runtimeUp, runtimeReady, changed } = this.#options;
    const { nowUs } = execution.loop;
    if (!runtimeReady()) {
      if (this.#readyUs !== undefined) return;
      this.#readyUs = nowUs - runtimeUp.periodUs;
      // The loop looks at it between two turns, which the one-second ticker makes come.
      this.#asleepUs = nowUs + 1_000_000;
      execution.at(this.#readyUs + downUs, changed);
    } else if (this.#readyUs !== undefined) {
      this.#readyUs = undefined;
      execution.at(this.#wakesUs(nowUs), () => this.#wake());
    }
    changed();
  }

  /** It sleeps ever longer between two looks. */
  #wakesUs(nowUs: number): number {
    let atUs = this.#asleepUs ?? nowUs;
    for (let sleepUs = firstSleepUs; atUs < nowUs; sleepUs = Math.min(2 * sleepUs, longestSleepUs)) atUs += sleepUs;
    return atUs;
  }

  #wake(): void {
    if (this.#readyUs !== undefined) return; // Not ready again, before it woke.
    this.#asleepUs = undefined;
    this.#catchUp();
  }
}
