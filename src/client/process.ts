import type { ApiServer } from "../apiserver/index.ts";
import type { Kind, WallClock } from "../model/index.ts";
import { type EventLoop, type Handler, handler, phase } from "../sim/index.ts";
import { controlPlane, type Place, type World } from "../world/index.ts";
import type { Effect, ProviderCall, Task } from "./effect.ts";
import { EventRecorder } from "./event-recorder.ts";
import { Informer } from "./informer.ts";
import type { Component } from "./leader-election.ts";
import { TaskRuntime } from "./task-runtime.ts";
import { TokenBucket } from "./token-bucket.ts";
import { View } from "./view.ts";

/** What all processes of a run share. */
export interface Surroundings {
  readonly loop: EventLoop;
  readonly api: ApiServer;
  readonly world: World;
  readonly clock: WallClock;
}

export interface ClientLimits {
  readonly perSecond: number;
  readonly burst: number;
}

export interface ProcessOptions {
  readonly name: string;
  /** Default: the control plane. */
  readonly place?: Place;
  /** Flow control of each client, by the client's name. `perSecond` ≤ 0: none. */
  readonly limits: (client: string) => ClientLimits;
  /** From sending a request to its commit, and again from there to the reply. Default 2 ms each. */
  readonly requestUs?: number;
  /** From a commit to the watch event in the cache. Default 5 ms. */
  readonly watchUs?: number;
  /** Added to the delay of one delivery; `explore` draws delivery orders with it. Default none. */
  readonly deliveryJitterUs?: (kind: Kind) => number;
  /** Answers calls to the cloud provider; `reply` is called when the call is over. */
  readonly provider?: (call: ProviderCall, reply: (answer: unknown) => void) => void;
  /** Strikes a request: the process dies before it is committed, or after with the reply lost. For tests and `explore`. */
  readonly strike?: (effect: Effect) => "before" | "after" | undefined;
}

/** An operating-system process of the control plane: caches that trail the store, clients with budgets, tasks in flight. */
export class Process implements Component {
  readonly name: string;
  readonly place: Place;
  readonly surroundings: Surroundings;
  readonly options: ProcessOptions;
  readonly view: View;
  readonly #runtime: TaskRuntime;
  readonly #informers = new Map<string, Informer>();
  readonly #pendingWakes = new Set<Informer>();
  readonly #stalledUntilUs = new Map<string, number>();
  readonly #buckets = new Map<string, TokenBucket>();
  readonly #recorders = new Map<string, EventRecorder>();
  readonly #startListeners: (() => void)[] = [];
  readonly #crashListeners: (() => void)[] = [];
  readonly #wake: Handler<Informer>;
  readonly #list: Handler<number>;
  /** Counts lives: work of an earlier life is not resumed. */
  life = 0;
  running = false;
  /** Cut off from the API server by itself, whatever becomes of its place. */
  cutOff = false;

  constructor(surroundings: Surroundings, options: ProcessOptions) {
    this.name = options.name;
    this.place = options.place ?? controlPlane;
    this.surroundings = surroundings;
    this.options = options;
    this.view = new View(this);
    this.#runtime = new TaskRuntime(this);
    this.#wake = handler(`${options.name}/watch`, (informer) => this.#deliver(informer));
    this.#list = handler(`${options.name}/list`, (life) => this.#listAll(life));
  }

  get nowUs(): number {
    return this.surroundings.loop.nowUs;
  }

  get clock(): WallClock {
    return this.surroundings.clock;
  }

  get connected(): boolean {
    return !this.cutOff && this.surroundings.world.links.reachable(this.place, controlPlane);
  }

  /** The cache of a kind; asked for before `start` it is filled then, later it is filled at once. */
  informer(kind: Kind): Informer {
    let informer = this.#informers.get(kind);
    if (informer === undefined) {
      informer = new Informer(kind, this.surroundings.api.store);
      this.#informers.set(kind, informer);
      const created = informer;
      this.surroundings.api.store.log(kind).onAppend(() => this.#wakeLater(created));
      if (this.running) informer.list(this.surroundings.api.store);
    }
    return informer;
  }

  /** Called once all caches are filled, at every start. */
  onStart(listener: () => void): void {
    this.#startListeners.push(listener);
  }

  onCrash(listener: () => void): void {
    this.#crashListeners.push(listener);
  }

  /** Lists everything it watches, then works. */
  start(): void {
    if (this.running) return;
    this.life += 1;
    const { loop } = this.surroundings;
    loop.schedule(loop.nowUs + 2 * this.requestUs, phase.deliver, this.#list, this.life);
  }

  /** Everything in memory is lost: caches, queues, tasks, buckets. */
  crash(): void {
    this.life += 1;
    this.running = false;
    for (const informer of this.#informers.values()) informer.forget();
    this.#buckets.clear();
    this.#recorders.clear();
    for (const listener of this.#crashListeners) listener();
  }

  /** Watch events of a kind arrive no sooner than then. */
  stallWatch(kind: Kind, untilUs: number): void {
    this.#stalledUntilUs.set(kind, untilUs);
  }

  /** Starts a task; `done` gets its result, unless the process dies first. */
  run<Result>(task: Task<Result>, done: (result: Result) => void): void {
    this.#runtime.start(task, done as (result: unknown) => void);
  }

  get requestUs(): number {
    return this.options.requestUs ?? 2_000;
  }

  bucket(client: string): TokenBucket {
    let bucket = this.#buckets.get(client);
    if (bucket === undefined) {
      const { perSecond, burst } = this.options.limits(client);
      bucket = new TokenBucket(perSecond, burst);
      this.#buckets.set(client, bucket);
    }
    return bucket;
  }

  recorder(client: string): EventRecorder {
    let recorder = this.#recorders.get(client);
    if (recorder === undefined) {
      recorder = new EventRecorder(this, client);
      this.#recorders.set(client, recorder);
    }
    return recorder;
  }

  #listAll(life: number): void {
    if (life !== this.life) return;
    this.running = true;
    for (const informer of this.#informers.values()) informer.list(this.surroundings.api.store);
    for (const listener of this.#startListeners) listener();
  }

  #wakeLater(informer: Informer): void {
    if (!this.running || this.#pendingWakes.has(informer)) return;
    const { loop } = this.surroundings;
    this.#schedule(informer, loop.nowUs + this.#watchUs + (this.options.deliveryJitterUs?.(informer.kind) ?? 0));
  }

  #schedule(informer: Informer, atUs: number): void {
    const { loop } = this.surroundings;
    const notBefore = this.#stalledUntilUs.get(informer.kind) ?? 0;
    this.#pendingWakes.add(informer);
    loop.schedule(Math.max(atUs, notBefore, loop.nowUs), phase.deliver, this.#wake, informer);
  }

  get #watchUs(): number {
    return this.options.watchUs ?? 5_000;
  }

  #deliver(informer: Informer): void {
    this.#pendingWakes.delete(informer);
    if (!this.running) return;
    if (!this.connected) {
      this.#schedule(informer, this.nowUs + 1_000_000); // The reflector tries again; what it missed is read then.
      return;
    }
    const next = informer.deliver(this.nowUs - this.#watchUs);
    if (next === "expired") informer.list(this.surroundings.api.store);
    else if (next !== undefined) this.#schedule(informer, next + this.#watchUs);
  }
}
