import { lastTickAt, nextTickAt, type Ticker } from "../sim/index.ts";
import type { PodSeen, RuntimeContainer, RuntimePod, RuntimeSandbox } from "./runtime-pod.ts";
import { type Execution, Signal, type Steps } from "./work.ts";

/** What the PLEG keeps of one pod: the pod cache and the records of the last relist. */
export class PodCache {
  readonly held: RuntimePod;
  seen: PodSeen = { sandboxes: [], containers: [] };
  /** When `seen` was last read. */
  seenUs = Number.NEGATIVE_INFINITY;
  refreshed: Signal | undefined;
  readonly records = new Map<RuntimeContainer | RuntimeSandbox, string>();

  constructor(held: RuntimePod) {
    this.held = held;
    if (held.sandboxes.length > 0) this.seen = held.look();
  }
}

interface PlegOptions {
  readonly execution: Execution;
  /** Relists come at its ticks; the first instant is the kubelet's start. */
  readonly relist: Ticker;
  readonly cacheOf: (uid: string) => PodCache | undefined;
  /** Something of the pod started, or died (then it says which). Called once for each, in order. */
  readonly onEvent: (uid: string, died: RuntimeContainer | undefined) => void;
}

/**
 * The generic PLEG: asks the runtime every second what runs, and keeps the pod cache. Ticks at which nothing changed and
 * nobody waits are not events: their instants are computed.
 */
export class Pleg {
  readonly #options: PlegOptions;
  readonly #changed = new Set<string>();
  readonly #waiting = new Set<string>();
  #scheduledUs = Number.POSITIVE_INFINITY;

  constructor(options: PlegOptions) {
    this.#options = options;
  }

  get #nowUs(): number {
    return this.#options.execution.loop.nowUs;
  }

  /** The runtime holds something else of the pod than before. */
  changed(uid: string): void {
    this.#changed.add(uid);
    this.#schedule();
  }

  /** Relists one pod at once (`PLEGOnDemandRelist`). */
  relistSoon(uid: string): void {
    const askedUs = this.#nowUs;
    this.#options.execution.at(askedUs + 1, () => {
      if (this.#lastRelistUs() < askedUs) this.#relist(uid, true); // Else the regular one came in between.
    });
  }

  /** The pod cache's `GetNewerThan`. */
  *newerThan(uid: string, cache: PodCache, us: number): Steps<PodSeen> {
    while (cache.seenUs <= us && this.#lastRelistUs() <= us) {
      cache.refreshed ??= new Signal();
      this.#waiting.add(uid);
      this.#schedule();
      yield cache.refreshed;
    }
    return cache.seen;
  }

  #lastRelistUs(): number {
    const now = this.#nowUs;
    const until = this.#scheduledUs <= now ? now - 1 : now;
    return lastTickAt(this.#options.relist, until) ?? Number.NEGATIVE_INFINITY;
  }

  #schedule(): void {
    if (this.#scheduledUs !== Number.POSITIVE_INFINITY) return;
    const { execution, relist } = this.#options;
    this.#scheduledUs = nextTickAt(relist, this.#nowUs + 1);
    execution.at(this.#scheduledUs, () => this.#relistAll());
  }

  #relistAll(): void {
    this.#scheduledUs = Number.POSITIVE_INFINITY;
    const changed = [...this.#changed];
    this.#changed.clear();
    for (const uid of changed) this.#relist(uid);
    for (const uid of [...this.#waiting]) this.#wake(uid, this.#options.cacheOf(uid));
  }

  #wake(uid: string, cache: PodCache | undefined): void {
    this.#waiting.delete(uid);
    const refreshed = cache?.refreshed;
    if (refreshed === undefined) return;
    cache!.refreshed = undefined;
    refreshed.fire();
  }

  /** What is as it was is not read again, unless asked for: its cache keeps its age. */
  #relist(uid: string, always = false): void {
    const cache = this.#options.cacheOf(uid);
    if (cache === undefined) return;
    const died = this.#record(cache);
    if (died === undefined && !always) return;
    cache.seen = cache.held.look();
    cache.seenUs = this.#nowUs;
    this.#wake(uid, cache);
    const { execution, onEvent } = this.#options;
    for (const container of died ?? []) execution.soon(() => onEvent(uid, container));
  }

  /** Notes the new states. Answers one entry for each event, the container where it died; `undefined` when nothing is new. */
  #record({ held, records }: PodCache): (RuntimeContainer | undefined)[] | undefined {
    const events: (RuntimeContainer | undefined)[] = [];
    let changed = false;
    const is = (known: RuntimeContainer | RuntimeSandbox, state: string): boolean => {
      if (records.get(known) === state) return false;
      records.set(known, state);
      changed = true;
      return state !== "created";
    };
    for (const sandbox of [...held.sandboxes].reverse()) if (is(sandbox, `${sandbox.ready}`)) events.push(undefined);
    for (const container of [...held.containers].reverse()) {
      if (is(container, container.state)) events.push(container.state === "exited" ? container : undefined);
      else if (container.updated) {
        changed = true;
        events.push(undefined);
      }
      container.updated = false;
    }
    for (const known of records.keys()) {
      if (!("exitCode" in known) || held.containers.includes(known)) continue;
      records.delete(known);
      changed = true;
    }
    return changed ? events : undefined;
  }
}
