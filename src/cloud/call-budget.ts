/** So many calls of the provider's API a second, after a burst; further ones are refused, not queued. */
export interface CallLimits {
  readonly perSecond: number;
  readonly burst: number;
}

/** Counts an account's calls against its limits: a token bucket that never waits. */
export class CallBudget {
  readonly #limits: CallLimits;
  #tokens: number;
  #atUs = 0;

  constructor(limits: CallLimits) {
    this.#limits = limits;
    this.#tokens = limits.burst;
  }

  /** Spends a call at an instant; false where there is none left. */
  take(nowUs: number): boolean {
    const { perSecond, burst } = this.#limits;
    this.#tokens = Math.min(burst, this.#tokens + ((nowUs - this.#atUs) * perSecond) / 1_000_000);
    this.#atUs = nowUs;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
