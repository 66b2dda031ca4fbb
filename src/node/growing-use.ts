import { type EventLoop, handler, phase, type Sequence } from "../sim/index.ts";
import type { RunningPod } from "../world/index.ts";

/** What one pod takes: so much at its start, and so much more each second. */
export interface Growth {
  readonly base: number;
  readonly perSecond: number;
}

interface GrowingUseOptions {
  readonly loop: EventLoop;
  /** The machine's power went off since it was begun. */
  readonly lost: () => boolean;
  /** What is taken besides pods. */
  readonly fixed: () => number;
  /** `undefined`: the pod takes nothing that is counted here. */
  readonly growthOf: (running: RunningPod) => Growth | undefined;
  /** No pod gets more. */
  readonly most?: number;
  /** Taken amounts at which somebody wants to look. */
  readonly noticed: readonly number[];
  /** Somebody may want to look. */
  readonly tell: () => void;
}

const wake = handler<GrowingUse>("host/growth", (use) => use.wake());

/** What pods take of one amount of a machine (bytes, inodes, processes). Instants at which an amount is passed are computed. */
export class GrowingUse {
  readonly #options: GrowingUseOptions;
  /** Amounts of its own that a pod may pass. */
  readonly #limits = new Map<RunningPod, readonly number[]>();
  #pending: Sequence | undefined;

  constructor(options: GrowingUseOptions) {
    this.#options = options;
  }

  get used(): number {
    let used = this.#options.fixed();
    for (const running of this.#limits.keys()) used += this.of(running);
    return used;
  }

  of(running: RunningPod): number {
    const { loop, growthOf, most = Number.POSITIVE_INFINITY } = this.#options;
    const growth = growthOf(running);
    const { startedAtUs } = running.main;
    if (growth === undefined || startedAtUs === 0) return 0;
    return Math.min(most, growth.base + Math.floor((growth.perSecond * (loop.nowUs - startedAtUs)) / 1e6));
  }

  started(running: RunningPod, limits: readonly number[] = []): void {
    if (this.#options.growthOf(running) === undefined) return;
    this.#limits.set(running, limits);
    this.changed();
  }

  gone(running: RunningPod): void {
    this.#limits.delete(running);
  }

  /** More is taken, or something grows: tells at once if an amount is passed, and plans the next look. */
  changed(): void {
    const { loop, noticed, tell } = this.#options;
    if (this.#pending !== undefined) loop.cancel(this.#pending);
    this.#pending = undefined;
    const { used } = this;
    if (noticed.some((amount) => used > amount)) tell();
    const atUs = this.#nextCrossingUs(used);
    if (atUs < Number.POSITIVE_INFINITY) this.#pending = loop.schedule(atUs, phase.world, wake, this);
  }

  wake(): void {
    this.#pending = undefined;
    if (this.#options.lost()) return;
    this.#options.tell();
    this.changed();
  }

  #nextCrossingUs(used: number): number {
    const { loop, growthOf, noticed, most = Number.POSITIVE_INFINITY } = this.#options;
    let atUs = Number.POSITIVE_INFINITY;
    let together = 0;
    const passes = (room: number, rate: number): void => {
      if (room > 0 && rate > 0) atUs = Math.min(atUs, loop.nowUs + Math.ceil((room * 1e6) / rate));
    };
    for (const [running, limits] of this.#limits) {
      const own = this.of(running);
      const rate = own < most ? (growthOf(running)?.perSecond ?? 0) : 0;
      together += rate;
      for (const limit of limits) passes(limit + 1 - own, rate);
      passes(most - own, most < Number.POSITIVE_INFINITY ? rate : 0);
    }
    for (const amount of noticed) passes(amount + 1 - used, together);
    return atUs;
  }
}
