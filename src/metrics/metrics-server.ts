import {
  type CompiledLabelSelector,
  keyOf,
  type MetricsAnswer,
  nameOf,
  namespaceOf,
  type ObjectKey,
  type Pod,
  type PodUsage,
  type WallClock,
} from "../model/index.ts";
import { type EventLoop, handler, lastTickAt, nextTickAt, phase, type Ticker } from "../sim/index.ts";
import { controlPlane, type Machine, type RunningContainer, type RunningPod, type World } from "../world/index.ts";
import { PodPoints, type Sample } from "./pod-points.ts";

/** A process that runs holds a page at least; what nobody modelled is not nothing. */
const leastMemoryBytes = 4_096;

export interface MetricsServerOptions {
  readonly loop: EventLoop;
  readonly world: World;
  readonly clock: WallClock;
  /** Scrapes; its period is `--metric-resolution` (15 s in the shipped manifest). */
  readonly ticker: Ticker;
}

/** Pods of a namespace that a selector matches, as the pod cache behind a metrics API has them. */
export type PodsMatching = (namespace: string, selector: CompiledLabelSelector) => readonly Pod[];

interface Followed {
  readonly key: ObjectKey;
  pod: RunningPod;
  readonly points: PodPoints;
  /** When what it uses changed last. */
  changedUs: number;
  /** It is read at every scrape. Otherwise the next scrapes would find what the last one did, and are not carried out. */
  moving: boolean;
}

/** The pods of a namespace that somebody reads. */
interface Namespace {
  readonly pods: Map<ObjectKey, Followed>;
  /** What lists of pods have come to, while `pods` has the same entries. */
  found: WeakMap<readonly Pod[], readonly Followed[]>;
}

/**
 * metrics-server 0.9: scrapes the kubelets on its beat and answers from memory, so an answer is as old as the last
 * scrape. Only namespaces that somebody reads are scraped, and of their pods only those whose usage moves; where nobody
 * reads, no scrape happens.
 */
export class MetricsServer {
  readonly #options: MetricsServerOptions;
  readonly #namespaces = new Map<string, Namespace>();
  readonly #followed = new Map<RunningPod, Followed>();
  #moving: Followed[] = [];
  #scrapedUs = 0;
  readonly #listeners: ((pod: ObjectKey) => void)[] = [];
  readonly #scrape = handler<undefined>("metrics-server/scrape", () => this.#onScrape());

  constructor(options: MetricsServerOptions) {
    this.#options = options;
    options.world.onUsageChange((pod) => {
      const followed = this.#followed.get(pod);
      if (followed !== undefined) this.#move(followed);
    });
    options.world.onChange((change) => {
      if (change.what === "pod-started") this.#podStarted(change.pod);
      else if (change.what === "machine-power" || change.what === "machine-kubelet") this.#moveAllOn(change.machine);
      else if (change.what === "links") for (const followed of this.#followed.values()) this.#move(followed);
    });
  }

  /** Begins to scrape a namespace. What ran before is taken to have used CPU as it does now. */
  follow(name: string): void {
    if (this.#namespaces.has(name)) return;
    const { loop, world, ticker } = this.#options;
    this.#namespaces.set(name, { pods: new Map(), found: new WeakMap() });
    const lastUs = lastTickAt(ticker, loop.nowUs);
    if (this.#namespaces.size === 1) {
      if (lastUs !== undefined) this.#scrapedUs = lastUs;
      loop.schedule(nextTickAt(ticker, loop.nowUs + 1), phase.api, this.#scrape, undefined);
    }
    for (const pod of world.pods()) {
      if (namespaceOf(pod.key) !== name) continue;
      this.#podStarted(pod);
      if (lastUs === undefined) continue;
      const { points } = this.#followed.get(pod)!;
      for (const atUs of [lastUs - ticker.periodUs, lastUs]) points.store(this.#samples(pod, atUs), ticker.periodUs);
    }
  }

  resourceMetrics(namespace: string, pods: readonly Pod[]): MetricsAnswer<PodUsage> {
    this.follow(namespace);
    const items: PodUsage[] = [];
    for (const { moving, points } of this.#find(namespace, pods)) {
      if (!moving) points.advanceTo(this.#scrapedUs, this.#options.ticker.periodUs);
      const usage = points.usage();
      if (usage !== undefined) items.push(usage);
    }
    return { ok: true, items };
  }

  /** Where their windows begin, if the next scrapes would tell the same about these pods, as things are. */
  usageRestsSinceUs(namespace: string, pods: readonly Pod[]): number | undefined {
    if (this.#find(namespace, pods).some(({ moving }) => moving)) return undefined;
    return this.#wholeSecond(this.#scrapedUs) - this.#options.ticker.periodUs;
  }

  /** Called at a scrape after which the answer about a pod has changed, its timestamp aside. */
  onUsageChange(listener: (pod: ObjectKey) => void): void {
    this.#listeners.push(listener);
  }

  #find(namespace: string, pods: readonly Pod[]): readonly Followed[] {
    const known = this.#namespaces.get(namespace)!;
    let found = known.found.get(pods);
    if (found === undefined) {
      found = pods.map((pod) => known.pods.get(keyOf(pod))).filter((followed) => followed !== undefined);
      known.found.set(pods, found);
    }
    return found;
  }

  /** A pod of an old name goes on under its points, as in upstream's storage, which knows names only. */
  #podStarted(pod: RunningPod): void {
    const { key } = pod;
    const namespace = this.#namespaces.get(namespaceOf(key));
    if (namespace === undefined) return;
    let followed = namespace.pods.get(key);
    if (followed === undefined) {
      const points = new PodPoints(nameOf(key), (atUs) => this.#wholeSecond(atUs));
      followed = { key, pod, points, changedUs: 0, moving: false };
      namespace.pods.set(key, followed);
      namespace.found = new WeakMap();
    } else {
      this.#followed.delete(followed.pod);
      followed.pod = pod;
    }
    this.#followed.set(pod, followed);
    this.#move(followed);
  }

  #moveAllOn(machine: Machine): void {
    for (const pod of machine.pods) {
      const followed = this.#followed.get(pod);
      if (followed !== undefined) this.#move(followed);
    }
  }

  /** What a pod uses, or what is seen of it, changes. */
  #move(followed: Followed): void {
    followed.changedUs = this.#options.loop.nowUs;
    if (followed.moving) return;
    followed.points.advanceTo(this.#scrapedUs, this.#options.ticker.periodUs);
    followed.moving = true;
    this.#moving.push(followed);
  }

  #onScrape(): void {
    const { loop, ticker } = this.#options;
    const { nowUs } = loop;
    const lastUs = this.#scrapedUs;
    this.#scrapedUs = nowUs;
    const moving = this.#moving;
    this.#moving = [];
    for (const followed of moving) {
      const { pod, points, changedUs, key } = followed;
      const changed = pod.gone || points.store(this.#samples(pod, nowUs), ticker.periodUs);
      if (pod.gone) this.#forget(followed);
      else if (changed || changedUs >= lastUs || !points.isSteady(ticker.periodUs)) this.#moving.push(followed);
      else followed.moving = false;
      if (changed) for (const listener of this.#listeners) listener(key);
    }
    loop.schedule(nextTickAt(ticker, nowUs + 1), phase.api, this.#scrape, undefined);
  }

  #forget({ key, pod }: Followed): void {
    this.#followed.delete(pod);
    const namespace = this.#namespaces.get(namespaceOf(key))!;
    namespace.pods.delete(key);
    namespace.found = new WeakMap();
  }

  /** What the pod's kubelet answers; nothing where it is dead or out of reach. */
  #samples(pod: RunningPod, atUs: number): Sample[] {
    const { machine } = pod;
    const samples: Sample[] = [];
    if (!machine.alive || !machine.kubeletAlive) return samples;
    if (!this.#options.world.links.reachable(controlPlane, machine.index)) return samples;
    for (const container of pod.containers) {
      if (!container.running || container.startedAtUs > atUs) continue;
      const cpu = this.#usedCpu(container, atUs);
      samples.push({
        container: container.limits.name,
        startUs: container.startedAtUs,
        atUs,
        // Only the container that serves has a modelled load; any other process has used some CPU since its start.
        cpu: container === pod.main ? cpu : Math.max(1, cpu),
        memoryBytes: Math.max(leastMemoryBytes, container.memoryBytes),
      });
    }
    return samples;
  }

  #usedCpu(container: RunningContainer, atUs: number): number {
    const { nowUs } = this.#options.loop;
    if (atUs === nowUs) return container.usedCpu(nowUs);
    return Math.max(0, container.usedCpu(nowUs) - container.cpuMillicores * (nowUs - atUs));
  }

  #wholeSecond(atUs: number): number {
    const epochUs = this.#options.clock.epochUs(atUs);
    return atUs - (epochUs - Math.floor(epochUs / 1_000_000) * 1_000_000);
  }
}
