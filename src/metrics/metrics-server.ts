import {
  type CompiledLabelSelector,
  keyOf,
  type MetricsAnswer,
  namespaceOf,
  type ObjectKey,
  type Pod,
  type PodUsage,
  type WallClock,
} from "../model/index.ts";
import { type EventLoop, handler, lastTickAt, nextTickAt, phase, type Ticker } from "../sim/index.ts";
import { controlPlane, type RunningContainer, type RunningPod, type World } from "../world/index.ts";
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
export type PodsMatching = (namespace: string, selector: CompiledLabelSelector) => Iterable<Pod>;

interface Followed {
  pod: RunningPod;
  readonly points: PodPoints;
}

/**
 * metrics-server 0.9: scrapes the kubelets on its beat and answers from memory, so an answer is as old as the last
 * scrape. Only namespaces that somebody reads are scraped; where nobody reads, no scrape happens.
 */
export class MetricsServer {
  readonly #options: MetricsServerOptions;
  readonly #namespaces = new Map<string, Map<ObjectKey, Followed>>();
  readonly #listeners: ((pod: ObjectKey) => void)[] = [];
  readonly #scrape = handler<undefined>("metrics-server/scrape", () => this.#onScrape());

  constructor(options: MetricsServerOptions) {
    this.#options = options;
    options.world.onChange((change) => {
      if (change.what !== "pod-started") return;
      this.#namespaces.get(namespaceOf(change.pod.key))?.set(change.pod.key, this.#followed(change.pod));
    });
  }

  /** Begins to scrape a namespace. What ran before is taken to have used CPU as it does now. */
  follow(namespace: string): void {
    if (this.#namespaces.has(namespace)) return;
    const { loop, world, ticker } = this.#options;
    const pods = new Map<ObjectKey, Followed>();
    this.#namespaces.set(namespace, pods);
    const lastUs = lastTickAt(ticker, loop.nowUs);
    for (const pod of world.pods()) {
      if (namespaceOf(pod.key) !== namespace) continue;
      const followed = this.#followed(pod);
      pods.set(pod.key, followed);
      if (lastUs === undefined) continue;
      for (const atUs of [lastUs - ticker.periodUs, lastUs])
        followed.points.store(this.#samples(pod, atUs), ticker.periodUs);
    }
    if (this.#namespaces.size === 1) {
      loop.schedule(nextTickAt(ticker, loop.nowUs + 1), phase.api, this.#scrape, undefined);
    }
  }

  resourceMetrics(namespace: string, pods: Iterable<Pod>): MetricsAnswer<PodUsage> {
    this.follow(namespace);
    const followed = this.#namespaces.get(namespace)!;
    const items: PodUsage[] = [];
    for (const pod of pods) {
      const usage = followed.get(keyOf(pod))?.points.usage(pod.metadata.name);
      if (usage !== undefined) items.push({ ...usage, timestampUs: this.#wholeSecond(usage.timestampUs) });
    }
    return { ok: true, items };
  }

  /** Called at a scrape after which the answer about a pod has changed, its timestamp aside. */
  onUsageChange(listener: (pod: ObjectKey) => void): void {
    this.#listeners.push(listener);
  }

  /** A pod of an old name goes on under its points, as in upstream's storage, which knows names only. */
  #followed(pod: RunningPod): Followed {
    const known = this.#namespaces.get(namespaceOf(pod.key))?.get(pod.key);
    if (known === undefined) return { pod, points: new PodPoints() };
    known.pod = pod;
    return known;
  }

  #onScrape(): void {
    const { loop, ticker } = this.#options;
    const { nowUs } = loop;
    for (const pods of this.#namespaces.values()) {
      for (const [key, { pod, points }] of pods) {
        if (pod.gone) pods.delete(key);
        const changed = pod.gone || points.store(this.#samples(pod, nowUs), ticker.periodUs);
        if (changed) for (const listener of this.#listeners) listener(key);
      }
    }
    loop.schedule(nextTickAt(ticker, nowUs + 1), phase.api, this.#scrape, undefined);
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
