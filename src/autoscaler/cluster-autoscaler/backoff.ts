import type { BackoffError } from "./cluster-status.ts";

interface Failure {
  durationUs: number;
  untilUs: number;
  lastFailureUs: number;
  error: BackoffError | undefined;
}

/** Groups that failed to grow are left alone: 5 min, doubled up to 30 when they fail again, forgotten after 3 h. */
export class Backoff {
  readonly #failures = new Map<string, Failure>();
  readonly #limits: { readonly initialUs: number; readonly maxUs: number; readonly resetUs: number };

  constructor(limits: { readonly initialUs: number; readonly maxUs: number; readonly resetUs: number }) {
    this.#limits = limits;
  }

  failed(group: string, nowUs: number, error?: BackoffError): void {
    const { initialUs, maxUs } = this.#limits;
    const known = this.#failures.get(group);
    if (known === undefined) {
      this.#failures.set(group, { durationUs: initialUs, untilUs: nowUs + initialUs, lastFailureUs: nowUs, error });
      return;
    }
    // Several failures of one attempt count once.
    if (known.untilUs < nowUs) {
      known.durationUs = Math.min(known.durationUs * 2, maxUs);
      known.untilUs = nowUs + known.durationUs;
    }
    known.lastFailureUs = nowUs;
    known.error = error;
  }

  /** Why the group failed last. */
  errorOf(group: string): BackoffError | undefined {
    return this.#failures.get(group)?.error;
  }

  isBackedOff(group: string, nowUs: number): boolean {
    const known = this.#failures.get(group);
    return known !== undefined && known.untilUs >= nowUs;
  }

  forgetOld(nowUs: number): void {
    for (const [group, { lastFailureUs }] of this.#failures) {
      if (lastFailureUs + this.#limits.resetUs < nowUs) this.#failures.delete(group);
    }
  }

  /** When the next group may be tried again; `undefined` when none waits. */
  nextEndUs(nowUs: number): number | undefined {
    let next: number | undefined;
    for (const { untilUs } of this.#failures.values()) {
      if (untilUs >= nowUs && (next === undefined || untilUs < next)) next = untilUs;
    }
    return next;
  }
}
