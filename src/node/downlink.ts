import { type EventLoop, handler, phase, type Sequence } from "../sim/index.ts";
import { Signal } from "./work.ts";

interface DownlinkOptions {
  readonly loop: EventLoop;
  /** What the machine's network takes in together, in bytes per second. */
  readonly bytesPerSecond: number;
  /** What one pull takes in at most: no faster than its image is unpacked. */
  readonly mostEach: number;
}

interface Fetch {
  left: number;
  readonly done: Signal;
}

const wake = handler<Downlink>("host/download", (downlink) => downlink.wake());

/** One machine's way to the registries: pulls that run side by side share its network evenly. */
export class Downlink {
  readonly #options: DownlinkOptions;
  #fetches: Fetch[] = [];
  #sinceUs = 0;
  #next: Sequence | undefined;

  constructor(options: DownlinkOptions) {
    this.#options = options;
  }

  /** Fires when so many bytes are there. */
  fetch(bytes: number): Signal {
    this.#settle();
    const done = new Signal();
    this.#fetches.push({ left: bytes, done });
    this.#plan();
    return done;
  }

  wake(): void {
    this.#next = undefined;
    this.#settle();
    const over = this.#fetches.filter(({ left }) => left < 1);
    this.#fetches = this.#fetches.filter(({ left }) => left >= 1);
    this.#plan();
    for (const { done } of over) done.fire();
  }

  /** Bytes per second of each. */
  get #rate(): number {
    return Math.min(this.#options.mostEach, this.#options.bytesPerSecond / this.#fetches.length);
  }

  #settle(): void {
    const { nowUs } = this.#options.loop;
    const got = (this.#rate * (nowUs - this.#sinceUs)) / 1e6;
    for (const fetch of this.#fetches) fetch.left -= got;
    this.#sinceUs = nowUs;
  }

  #plan(): void {
    const { loop } = this.#options;
    if (this.#next !== undefined) loop.cancel(this.#next);
    this.#next = undefined;
    if (this.#fetches.length === 0) return;
    const least = Math.max(0, Math.min(...this.#fetches.map(({ left }) => left)));
    this.#next = loop.schedule(loop.nowUs + Math.ceil((least * 1e6) / this.#rate), phase.world, wake, this);
  }
}
