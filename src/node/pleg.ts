import { lastTickAt, nextTickAt, type Ticker } from "../sim/index.ts";
import { nothingSeen, type PodSeen, type RuntimeContainer, type RuntimePod } from "./runtime-pod.ts";
import { type Execution, Signal, type Steps } from "./work.ts";

/** What the PLEG keeps of one pod: the pod cache, and what the last relist found. */
export class PodCache {
  readonly held: RuntimePod;
  seen: PodSeen = nothingSeen;
  /** The same, but for a pod that no relist has found yet. */
  recorded: PodSeen = nothingSeen;
  /** When `seen` was last read. */
  seenUs = Number.NEGATIVE_INFINITY;
  refreshed: Signal | undefined = undefined;

  constructor(held: RuntimePod) {
    this.held = held;
    if (held.sandboxes.length > 0) this.seen = held.look();
  }

  /** Of a pod that is as the relist of that instant found it. */
  static woken(held: RuntimePod, seenUs: number): PodCache {
    const cache = new PodCache(held);
    cache.recorded = cache.seen;
    cache.seenUs = seenUs;
    return cache;
  }

  /** The last relist found all as it is. */
  get rests(): boolean {
    const { recorded, seen, held, refreshed } = this;
    return (
      refreshed === undefined &&
      recorded === seen &&
      held.containers.length === seen.containers.length &&
      held.containers.every((container, index) => container.seen === seen.containers[index])
    );
  }
}

interface PlegOptions {
  readonly execution: Execution;
  /** Relists come at its ticks; the first instant is the kubelet's start. */
  readonly relist: Ticker;
  readonly cacheOf: (uid: string) => PodCache | undefined;
  /** Something of the pod started, or died (then it says which). Called once for each, in order. */
  readonly onEvent: (uid: string, died: RuntimeContainer | undefined) => void;
  /** A relist found nothing new of the pod. */
  readonly settled: (uid: string) => void;
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

  /** Nothing of the pod has changed since the last relist, and nobody waits for another one. */
  rests(uid: string): boolean {
    return !this.#changed.has(uid) && !this.#waiting.has(uid);
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
    const died = newsOf(cache);
    const { execution, onEvent, settled } = this.#options;
    if (died !== undefined || always) {
      cache.seen = cache.held.look();
      cache.recorded = cache.seen;
      cache.seenUs = this.#nowUs;
      this.#wake(uid, cache);
    }
    if (died === undefined) settled(uid);
    else for (const container of died) execution.soon(() => onEvent(uid, container));
  }
}

/** What a relist finds changed. Answers one entry for each event, the container where it died; `undefined` when nothing is new. */
function newsOf({ held, recorded }: PodCache): (RuntimeContainer | undefined)[] | undefined {
  const events: (RuntimeContainer | undefined)[] = [];
  let changed = false;
  for (const sandbox of [...held.sandboxes].reverse()) {
    const before = recorded.sandboxes.find((one) => one.sandbox === sandbox);
    if (before?.ready !== sandbox.ready) events.push(undefined);
  }
  for (const container of [...held.containers].reverse()) {
    const { id, state } = container.seen;
    const before = recorded.containers.find((one) => one.id === id);
    const isOther = before?.state !== state;
    if (isOther || container.updated) changed = true;
    if (isOther && state !== "created") events.push(state === "exited" ? container : undefined);
    else if (container.updated) events.push(undefined);
    container.updated = false;
  }
  const isGone = ({ id }: { readonly id: string }): boolean => held.byId(id) === undefined;
  return changed || events.length > 0 || recorded.containers.some(isGone) ? events : undefined;
}
