import type { ObjectKey } from "../model/index.ts";
import { assert } from "../sim/index.ts";
import { Fifo } from "./fifo.ts";
import { TokenBucket } from "./token-bucket.ts";

/** How long a key waits after a failure: `base · 2^failures`, capped, and behind a bucket that all keys share. */
export interface RetryLimits {
  readonly baseUs: number;
  readonly maxUs: number;
  readonly bucket: { readonly perSecond: number; readonly burst: number } | undefined;
}

/** client-go's default for controllers. */
export const defaultRetryLimits: RetryLimits = {
  baseUs: 5_000,
  maxUs: 1_000_000_000,
  bucket: { perSecond: 10, burst: 100 },
};

/** client-go's contract: a key waits once however often it is added, and is never processed twice at a time. */
export class WorkQueue {
  readonly #waiting = new Fifo<ObjectKey>();
  readonly #dirty = new Set<ObjectKey>(); // Needs a reconcile, whether waiting or in process.
  readonly #processing = new Set<ObjectKey>();
  readonly #failures = new Map<ObjectKey, number>();
  readonly #limits: RetryLimits;
  readonly #bucket: TokenBucket | undefined;

  constructor(limits: RetryLimits = defaultRetryLimits) {
    this.#limits = limits;
    this.#bucket = limits.bucket && new TokenBucket(limits.bucket.perSecond, limits.bucket.burst);
  }

  /** Keys that wait for a worker. */
  get length(): number {
    return this.#waiting.size;
  }

  add(key: ObjectKey): void {
    if (this.#dirty.has(key)) return;
    this.#dirty.add(key);
    if (!this.#processing.has(key)) this.#waiting.push(key);
  }

  /** The key that waits longest; it is in process until `done`. */
  take(): ObjectKey | undefined {
    const key = this.#waiting.shift();
    if (key === undefined) return undefined;
    this.#dirty.delete(key);
    this.#processing.add(key);
    return key;
  }

  done(key: ObjectKey): void {
    if (!this.#processing.delete(key)) assert(false, `done(${key}) without take`);
    if (this.#dirty.has(key)) this.#waiting.push(key);
  }

  /** One more failure of this key: the instant at which it should be added again (AddRateLimited). */
  retryAtUs(key: ObjectKey, nowUs: number): number {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    let delayUs = this.#limits.baseUs;
    for (let count = 0; count < failures && delayUs < this.#limits.maxUs; count += 1) delayUs *= 2;
    const ownUs = nowUs + Math.min(delayUs, this.#limits.maxUs);
    return this.#bucket === undefined ? ownUs : Math.max(ownUs, this.#bucket.reserve(nowUs));
  }

  failures(key: ObjectKey): number {
    return this.#failures.get(key) ?? 0;
  }

  forget(key: ObjectKey): void {
    this.#failures.delete(key);
  }
}
