import type { ClusterEvent } from "../framework/cluster-event.ts";
import type { Framework } from "../framework/framework.ts";
import { type PodInfo, schedulerOf } from "../snapshot/pod-info.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import { BackoffQueue } from "./backoff.ts";
import { KeyedHeap } from "./keyed-heap.ts";
import { podUpdateEvents } from "./object-events.ts";
import { type QueuedPod, queuedPod } from "./queued-pod.ts";
import { QueueingHints } from "./queueing-hints.ts";

const secondUs = 1_000_000;
const poolFlushPeriodUs = 30 * secondUs;
const longestInPoolUs = 300 * secondUs;

export interface SchedulingQueueOptions {
  /** By scheduler name; the first one sorts the queue. */
  readonly frameworks: ReadonlyMap<string, Framework>;
  readonly snapshot: Snapshot;
  readonly initialBackoffUs: number;
  readonly maxBackoffUs: number;
  /** When the scheduler started: the flush of the pool counts from here. */
  readonly startUs?: number;
  /** Part of a second that the wall clock shows at virtual instant 0, microseconds. Default 0. */
  readonly clockUs?: number;
}

/** Where a waiting pod is. */
export type QueuePlace = "active" | "backoff" | "unschedulable" | "in flight";

/**
 * Which pod is next. Pods to be tried now (active), pods that may be tried later (backoff), and pods that wait for something to
 * change (unschedulable, among them gated ones). Time is an argument; `nextWakeUs` says when `flush` has something to do.
 */
export class SchedulingQueue {
  readonly #frameworks: ReadonlyMap<string, Framework>;
  readonly #snapshot: Snapshot;
  readonly #hints: ReadonlyMap<string, QueueingHints>;
  readonly #startUs: number;
  readonly #active: KeyedHeap<QueuedPod>;
  readonly #backoff: BackoffQueue;
  readonly #pool: Map<string, QueuedPod> = new Map();
  /** Pods of the pool by who rejected or gates them, so that an event is shown only to those it may concern. */
  readonly #poolByPlugin: Map<string, Map<string, QueuedPod>> = new Map();
  /** Popped pods, each with the number of events that had been seen by then. */
  readonly #inFlight: Map<string, { readonly pod: QueuedPod; readonly eventsSeen: number }> = new Map();
  readonly #inFlightEvents: ClusterEvent[] = [];
  #flushedPoolUs: number;

  constructor(options: SchedulingQueueOptions) {
    this.#frameworks = options.frameworks;
    this.#snapshot = options.snapshot;
    this.#hints = new Map([...options.frameworks].map(([name, framework]) => [name, new QueueingHints(framework)]));
    this.#startUs = options.startUs ?? 0;
    this.#flushedPoolUs = this.#startUs;
    const [first] = options.frameworks.values();
    const sort = first!.plugins.queueSort[0]!;
    const less = (left: QueuedPod, right: QueuedPod): boolean => sort.less!(left, right);
    this.#active = new KeyedHeap(less);
    const { initialBackoffUs: initialUs, maxBackoffUs: maxUs, clockUs = 0 } = options;
    this.#backoff = new BackoffQueue({ initialUs, maxUs, clockUs }, less);
  }

  /** A pending pod of one of our schedulers was seen for the first time. */
  add(pod: PodInfo, nowUs: number): void {
    this.#nominateByStatus(pod);
    this.#toActive(queuedPod(pod, nowUs));
  }

  /** A pending pod changed. Its own update may make it schedulable; a nomination that it loses makes room for others. */
  update(before: PodInfo, pod: PodInfo, nowUs: number): void {
    this.#renominate(before, pod, nowUs);
    const { key } = pod;
    const flying = this.#inFlight.get(key);
    if (flying !== undefined) {
      flying.pod.pod = pod;
      this.#inFlightEvents.push(...podUpdateEvents("UnschedulablePod", before, pod));
      return;
    }
    const active = this.#active.get(key);
    if (active !== undefined) {
      active.pod = pod;
      this.#active.push(active);
      return;
    }
    const waiting = this.#backoff.get(key);
    if (waiting !== undefined) {
      waiting.pod = pod;
      return;
    }
    const pooled = this.#pool.get(key);
    if (pooled === undefined) {
      this.add(pod, nowUs);
      return;
    }
    pooled.pod = pod;
    for (const event of podUpdateEvents("UnschedulablePod", before, pod)) {
      if (!this.#isWorthRequeuing(pooled, event)) continue;
      this.#unpool(pooled);
      this.#requeue(pooled, nowUs);
      return;
    }
  }

  /** A pending pod was deleted, or got a node by somebody else. */
  delete(pod: PodInfo, nowUs: number): void {
    const { key } = pod;
    const wasNominated = this.#snapshot.nominated.nodeOf(key) !== undefined;
    this.#snapshot.nominated.delete(key);
    this.#active.remove(key);
    this.#backoff.remove(key);
    const pooled = this.#pool.get(key);
    if (pooled !== undefined) this.#unpool(pooled);
    // It held room on a node, so for lower pods it is as if a bound one had gone.
    if (wasNominated) this.#roomMade(pod, nowUs);
  }

  /** The next pod to be tried, which is in flight until `done` or `fail`. An idle scheduler does not wait for backoffs. */
  pop(): QueuedPod | undefined {
    const next = this.#active.pop() ?? this.#backoff.popEarly();
    if (next === undefined) return undefined;
    next.attempts++;
    next.unschedulablePlugins = nobody;
    next.gatingPlugin = undefined;
    this.#inFlight.set(next.key, { pod: next, eventsSeen: this.#inFlightEvents.length });
    return next;
  }

  get hasNext(): boolean {
    return this.#active.size > 0 || this.#backoff.canPopEarly;
  }

  /** The pod was bound, or is gone: it leaves the queue. */
  done(key: string): void {
    if (!this.#inFlight.delete(key) || this.#inFlight.size > 0) return;
    if (this.#inFlightEvents.length > 0) this.#inFlightEvents.length = 0;
  }

  /**
   * The attempt failed. With rejecting plugins the pod waits for an event that helps (one may have come meanwhile); without any
   * it was an error, and the pod waits out its backoff.
   */
  fail(queued: QueuedPod, unschedulablePlugins: Iterable<string>, nowUs: number): void {
    const flight = this.#inFlight.get(queued.key);
    const events = this.#inFlightEvents.slice(flight?.eventsSeen ?? this.#inFlightEvents.length);
    this.done(queued.key);
    queued.timestampUs = nowUs;
    queued.unschedulablePlugins = new Set(unschedulablePlugins);
    if (queued.unschedulablePlugins.size === 0) {
      queued.consecutiveErrors++;
      this.#requeue(queued, nowUs);
      return;
    }
    queued.unschedulableCount++;
    queued.consecutiveErrors = 0;
    const concerns = (event: ClusterEvent): boolean =>
      event.resource !== "UnschedulablePod" || event.podAfter?.key === queued.key;
    if (events.some((event) => concerns(event) && this.#isWorthRequeuing(queued, event))) this.#requeue(queued, nowUs);
    else this.#toPool(queued);
  }

  /** Whether events concern anybody: a pod that waits for one, or one that is being tried. */
  get listens(): boolean {
    return this.#pool.size > 0 || this.#inFlight.size > 0;
  }

  /** Something changed that may make waiting pods schedulable. */
  move(event: ClusterEvent, nowUs: number): void {
    this.#moveThose(event, nowUs, () => true);
  }

  /** Tries a waiting pod now, whatever it waits for (a preemption that failed; a plugin's wish). */
  activate(key: string): void {
    const queued = this.#pool.get(key) ?? this.#backoff.remove(key);
    if (queued === undefined) return;
    if (this.#pool.has(key)) this.#unpool(queued);
    this.#toActive(queued);
  }

  /** Notes that the pod is to run on `nodeName` once there is room; `""` takes that back. */
  nominate(pod: PodInfo, nodeName: string): void {
    if (nodeName === "") this.#snapshot.nominated.delete(pod.key);
    else this.#snapshot.nominated.set(pod, nodeName);
  }

  /** Backoffs that have run out, and pods that have been in the pool for more than five minutes. */
  flush(nowUs: number): void {
    for (let pod = this.#backoff.popExpired(nowUs); pod !== undefined; pod = this.#backoff.popExpired(nowUs)) {
      this.#toActive(pod);
    }
    const flushUs = this.#startUs + Math.floor((nowUs - this.#startUs) / poolFlushPeriodUs) * poolFlushPeriodUs;
    if (flushUs <= this.#flushedPoolUs) return;
    this.#flushedPoolUs = flushUs;
    for (const queued of [...this.#pool.values()]) {
      if (queued.gatingPlugin !== undefined || flushUs - queued.timestampUs <= longestInPoolUs) continue;
      this.#unpool(queued);
      this.#requeue(queued, nowUs);
    }
  }

  /** When `flush` next has something to do, if no event comes before; +∞ if never. */
  nextWakeUs(): number {
    const dueUs = this.#backoff.nextDueUs();
    // Whoever came to the pool first has been there longest, gated pods aside.
    for (const { gatingPlugin, timestampUs } of this.#pool.values()) {
      if (gatingPlugin !== undefined) continue;
      const ticks = Math.floor((timestampUs + longestInPoolUs - this.#startUs) / poolFlushPeriodUs) + 1;
      return Math.min(dueUs, this.#startUs + ticks * poolFlushPeriodUs);
    }
    return dueUs;
  }

  placeOf(key: string): QueuePlace | undefined {
    if (this.#active.get(key) !== undefined) return "active";
    if (this.#backoff.get(key) !== undefined) return "backoff";
    if (this.#pool.has(key)) return "unschedulable";
    return this.#inFlight.has(key) ? "in flight" : undefined;
  }

  /** The waiting pod of that key. */
  find(key: string): QueuedPod | undefined {
    return this.#active.get(key) ?? this.#backoff.get(key) ?? this.#pool.get(key) ?? this.#inFlight.get(key)?.pod;
  }

  /** How many pods wait where. */
  get counts(): { readonly active: number; readonly backoff: number; readonly unschedulable: number } {
    return { active: this.#active.size, backoff: this.#backoff.size, unschedulable: this.#pool.size };
  }

  /** Pods in the unschedulable pool, gated ones included, in the order in which they came there. */
  unschedulablePods(): IterableIterator<QueuedPod> {
    return this.#pool.values();
  }

  #frameworkOf({ pod }: QueuedPod): Framework {
    return this.#frameworks.get(schedulerOf(pod.pod))!;
  }

  #toActive(queued: QueuedPod): void {
    if (this.#isGated(queued)) this.#toPool(queued);
    else this.#active.push(queued);
  }

  #isGated(queued: QueuedPod): boolean {
    const status = this.#frameworkOf(queued).runPreEnqueue(queued.pod);
    queued.gatingPlugin = status?.plugin;
    if (status?.plugin !== undefined) {
      queued.unschedulablePlugins = new Set([...queued.unschedulablePlugins, status.plugin]);
    }
    return status !== undefined;
  }

  /** To the backoff queue while its backoff lasts, else to be tried now. */
  #requeue(queued: QueuedPod, nowUs: number): void {
    if (this.#isGated(queued)) this.#toPool(queued);
    else if (this.#backoff.isBackingOff(queued, nowUs)) this.#backoff.add(queued);
    else this.#active.push(queued);
  }

  #toPool(queued: QueuedPod): void {
    this.#pool.set(queued.key, queued);
    for (const plugin of queued.unschedulablePlugins) {
      const pods = this.#poolByPlugin.get(plugin);
      if (pods === undefined) this.#poolByPlugin.set(plugin, new Map([[queued.key, queued]]));
      else pods.set(queued.key, queued);
    }
  }

  #unpool(queued: QueuedPod): void {
    this.#pool.delete(queued.key);
    for (const plugin of queued.unschedulablePlugins) this.#poolByPlugin.get(plugin)?.delete(queued.key);
  }

  #moveThose(event: ClusterEvent, nowUs: number, mayMove: (pod: PodInfo) => boolean): void {
    if (!this.listens) return;
    if (this.#inFlight.size > 0) this.#inFlightEvents.push(event);
    const concerned = new Set<QueuedPod>();
    for (const hints of this.#hints.values()) {
      for (const plugin of hints.interestedIn(event)) {
        for (const queued of this.#poolByPlugin.get(plugin)?.values() ?? []) concerned.add(queued);
      }
    }
    for (const queued of concerned) {
      if (!mayMove(queued.pod) || !this.#isWorthRequeuing(queued, event)) continue;
      this.#unpool(queued);
      this.#requeue(queued, nowUs);
    }
  }

  #isWorthRequeuing(queued: QueuedPod, event: ClusterEvent): boolean {
    const { gatingPlugin, unschedulablePlugins, pod } = queued;
    const rejectors = gatingPlugin === undefined ? unschedulablePlugins : new Set([gatingPlugin]);
    return this.#hints.get(schedulerOf(pod.pod))!.helps(pod, rejectors, event);
  }

  #nominateByStatus(pod: PodInfo): void {
    const nodeName = pod.pod.status?.nominatedNodeName ?? "";
    if (nodeName !== "") this.#snapshot.nominated.set(pod, nodeName);
  }

  #renominate(before: PodInfo, pod: PodInfo, nowUs: number): void {
    const [was, is] = [before, pod].map((info) => info.pod.status?.nominatedNodeName ?? "");
    const known = this.#snapshot.nominated.nodeOf(pod.key);
    if (is !== "") this.#snapshot.nominated.set(pod, is!);
    // Our own nomination may not have been written yet.
    else if (was === "" && known !== undefined) this.#snapshot.nominated.set(pod, known);
    else this.#snapshot.nominated.delete(pod.key);
    if (was !== "" && was !== is) this.#roomMade(before, nowUs);
  }

  /** A nominated pod let go of its room: for pods of the same or a lower priority a bound pod has gone. */
  #roomMade(pod: PodInfo, nowUs: number): void {
    const event: ClusterEvent = { resource: "AssignedPod", action: "Delete", podBefore: pod, before: pod.pod };
    this.#moveThose(event, nowUs, ({ priority }) => priority <= pod.priority);
  }
}

const nobody: ReadonlySet<string> = new Set();
