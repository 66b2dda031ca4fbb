import type { Probe } from "../model/index.ts";
import { type EventLoop, type Handler, phase, type Sequence } from "../sim/index.ts";

/**
 * One probe of one container. It runs on its own beat, but only turns that could change something are events: while
 * what it would see equals what is published, nothing is scheduled.
 */
export class Prober {
  readonly #loop: EventLoop;
  readonly #handler: Handler<Prober>;
  readonly #probe: Probe;
  readonly #outcome: () => boolean;
  readonly #publish: (ok: boolean) => void;
  /** Turns lie at `base + k · period`. */
  #baseUs: number;
  readonly #notBeforeUs: number;
  #published: boolean;
  #run = 0;
  #last: boolean | undefined;
  #pending: Sequence | undefined;

  constructor(options: {
    readonly loop: EventLoop;
    readonly handler: Handler<Prober>;
    readonly probe: Probe;
    /** What a probe would see now. */
    readonly outcome: () => boolean;
    readonly publish: (ok: boolean) => void;
    readonly initial: boolean;
    readonly baseUs: number;
    readonly startedAtUs: number;
  }) {
    this.#loop = options.loop;
    this.#handler = options.handler;
    this.#probe = options.probe;
    this.#outcome = options.outcome;
    this.#publish = options.publish;
    this.#published = options.initial;
    this.#baseUs = options.baseUs;
    // The start counts from its whole second, as it stands in the status.
    const startedSecond = Math.floor(options.startedAtUs / 1_000_000) * 1_000_000;
    this.#notBeforeUs = Math.max(
      options.startedAtUs,
      startedSecond + (options.probe.initialDelaySeconds ?? 0) * 1_000_000,
    );
  }

  /** Something changed that the probe may see: make sure of a turn, or of none. */
  look(): void {
    const settled = this.#outcome() === this.#published && (this.#last === undefined || this.#last === this.#published);
    if (settled) this.stop();
    else if (this.#pending === undefined) this.#schedule(this.#loop.nowUs);
  }

  /** One turn; called by the handler. */
  turn(): void {
    this.#pending = undefined;
    const ok = this.#outcome();
    this.#run = ok === this.#last ? this.#run + 1 : 1;
    this.#last = ok;
    const threshold = ok ? (this.#probe.successThreshold ?? 1) : (this.#probe.failureThreshold ?? 3);
    if (ok !== this.#published && this.#run >= threshold) {
      this.#published = ok;
      this.#publish(ok);
    } else if (ok !== this.#published) {
      this.#schedule(this.#loop.nowUs + 1);
    }
  }

  stop(): void {
    if (this.#pending !== undefined) this.#loop.cancel(this.#pending);
    this.#pending = undefined;
  }

  /** Counts anew from here: the readiness worker is triggered by hand when its container has started. */
  rebase(atUs: number): void {
    this.#baseUs = atUs;
  }

  #schedule(fromUs: number): void {
    const periodUs = (this.#probe.periodSeconds ?? 10) * 1_000_000;
    const earliest = Math.max(fromUs, this.#notBeforeUs);
    const turns = Math.max(0, Math.ceil((earliest - this.#baseUs) / periodUs));
    this.#pending = this.#loop.schedule(this.#baseUs + turns * periodUs, phase.decide, this.#handler, this);
  }
}
