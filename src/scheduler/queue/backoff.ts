import { KeyedHeap } from "./keyed-heap.ts";
import type { QueuedPod } from "./queued-pod.ts";

const secondUs = 1_000_000;

interface BackoffOptions {
  readonly initialUs: number;
  readonly maxUs: number;
  /** Part of a second that the wall clock shows at virtual instant 0, microseconds. */
  readonly clockUs: number;
}

/** Pods that may be tried again only later. Rejected pods and those that met an error wait apart. */
export class BackoffQueue {
  readonly #options: BackoffOptions;
  readonly #rejected: KeyedHeap<QueuedPod>;
  readonly #errors: KeyedHeap<QueuedPod>;

  constructor(options: BackoffOptions, less: (left: QueuedPod, right: QueuedPod) => boolean) {
    this.#options = options;
    const earlier = (left: QueuedPod, right: QueuedPod): boolean => {
      const [a, b] = [this.expiryUs(left), this.expiryUs(right)];
      return a === b ? less(left, right) : a < b;
    };
    this.#rejected = new KeyedHeap(earlier);
    this.#errors = new KeyedHeap(earlier);
  }

  get size(): number {
    return this.#rejected.size + this.#errors.size;
  }

  add(pod: QueuedPod): void {
    (pod.unschedulablePlugins.size === 0 ? this.#errors : this.#rejected).push(pod);
  }

  get(key: string): QueuedPod | undefined {
    return this.#rejected.get(key) ?? this.#errors.get(key);
  }

  remove(key: string): QueuedPod | undefined {
    return this.#rejected.remove(key) ?? this.#errors.remove(key);
  }

  /** An idle scheduler takes the next rejected pod before its time; pods that met an error always wait. */
  popEarly(): QueuedPod | undefined {
    return this.#rejected.pop();
  }

  get canPopEarly(): boolean {
    return this.#rejected.size > 0;
  }

  /** The whole second after which the pod may be tried again; −∞ if it never failed. */
  expiryUs({ consecutiveErrors, unschedulableCount, timestampUs }: QueuedPod): number {
    const count = consecutiveErrors > 0 ? consecutiveErrors : unschedulableCount;
    if (count === 0) return Number.NEGATIVE_INFINITY;
    const { initialUs, maxUs } = this.#options;
    let backoffUs = initialUs;
    for (let doubled = 1; doubled < count && backoffUs < maxUs; doubled++) backoffUs *= 2;
    return this.#wholeSecond(timestampUs + Math.min(backoffUs, maxUs));
  }

  isBackingOff(pod: QueuedPod, nowUs: number): boolean {
    return this.expiryUs(pod) >= this.#wholeSecond(nowUs);
  }

  /** Takes out one pod whose time has come. */
  popExpired(nowUs: number): QueuedPod | undefined {
    for (const heap of [this.#rejected, this.#errors]) {
      const next = heap.peek();
      if (next !== undefined && !this.isBackingOff(next, nowUs)) return heap.pop();
    }
    return undefined;
  }

  /** The first whole second at which a pod will have waited long enough; +∞ if nobody waits. */
  nextDueUs(): number {
    let due = Number.POSITIVE_INFINITY;
    for (const heap of [this.#rejected, this.#errors]) {
      const next = heap.peek();
      if (next !== undefined) due = Math.min(due, this.expiryUs(next) + secondUs);
    }
    return due;
  }

  /** Cut down to a whole second of the wall clock, as a virtual instant. */
  #wholeSecond(instantUs: number): number {
    const { clockUs } = this.#options;
    return Math.floor((instantUs + clockUs) / secondUs) * secondUs - clockUs;
  }
}
