import type { Pod } from "../model/index.ts";
import { nextTickAt, type Sequence, type Ticker } from "../sim/index.ts";
import type { Execution } from "./work.ts";

const transientUs = 1_000_000;
const retryUs = 10_000_000;
const resyncUs = 60_000_000;
/** Each wait is this share longer, at most. */
const longestStretch = 0.5;

/** Why a pod is to be synced again: the network was not ready, something failed, or a back-off ends at an instant. */
export type Retry = "network" | "soon" | { readonly atUs: number };

interface RequeueOptions {
  readonly execution: Execution;
  /** Empties the re-queue, every second. */
  readonly ticker: Ticker;
  /** A pod that is well is not synced again. */
  readonly steady: boolean;
  /** What a pod waits longer is drawn from; 0 to 1. */
  readonly drawFor: (pod: Pod) => number;
  readonly sync: (uid: string) => void;
}

/** kubelet's work queue of pods whose turn comes again, which the one-second ticker empties. */
export class Requeue {
  readonly #options: RequeueOptions;
  readonly #pending = new Map<string, Sequence>();

  constructor(options: RequeueOptions) {
    this.#options = options;
  }

  /** `retry` undefined: all went well. */
  put(pod: Pod, retry: Retry | undefined): void {
    const { uid } = pod.metadata;
    this.take(uid);
    const { execution, ticker, steady, drawFor, sync } = this.#options;
    if (retry === undefined && steady) return;
    const { nowUs } = execution.loop;
    const stretchedUs = Math.floor(waitUs(retry, nowUs) * (1 + longestStretch * drawFor(pod)));
    const atUs = nextTickAt(ticker, nowUs + stretchedUs + 1);
    this.#pending.set(
      uid,
      execution.at(atUs, () => {
        this.#pending.delete(uid);
        sync(uid);
      }),
    );
  }

  /** Its turn is not waited for any more. */
  take(uid: string): void {
    const pending = this.#pending.get(uid);
    if (pending !== undefined) this.#options.execution.loop.cancel(pending);
    this.#pending.delete(uid);
  }
}

function waitUs(retry: Retry | undefined, nowUs: number): number {
  if (retry === undefined) return resyncUs;
  if (retry === "network") return transientUs;
  return retry === "soon" ? retryUs : Math.min(Math.max(0, retry.atUs - nowUs), resyncUs);
}
