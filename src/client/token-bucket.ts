/**
 * client-go's flow control: a bucket that starts full and refills steadily. Reservations are first come, first served:
 * whoever asks in a burst is told when to go on, and later askers queue behind.
 */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #burst: number;
  /** The instant at which the bucket was, or will be, exactly empty of tokens not yet reserved. */
  #emptyAtUs: number;

  /** `perSecond` ≤ 0 means no limit. */
  constructor(perSecond: number, burst: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#emptyAtUs = Number.NEGATIVE_INFINITY;
  }

  /** Takes one token and says when it may be spent: now, or later. */
  reserve(nowUs: number): number {
    if (this.#perSecond <= 0) return nowUs;
    const intervalUs = 1_000_000 / this.#perSecond;
    const fullUs = nowUs - this.#burst * intervalUs;
    this.#emptyAtUs = Math.max(this.#emptyAtUs, fullUs) + intervalUs;
    return Math.max(nowUs, Math.ceil(this.#emptyAtUs));
  }
}
