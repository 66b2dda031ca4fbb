import { type Pod, quantityText, rankForDisk, rankForMemory, rankForPids, value } from "../model/index.ts";
import { nextTickAt, type Sequence, type Ticker } from "../sim/index.ts";
import { requestOf } from "./admission.ts";
import { isCriticalPod } from "./critical-pod.ts";
import {
  conditionOf,
  inOrderOfAnswer,
  isMet,
  type NodeStats,
  type Observation,
  observations,
  resourceOf,
  type Threshold,
  thresholdAmount,
} from "./eviction-signals.ts";
import { killPodNow } from "./kill-pod-now.ts";
import { localStorageExcess } from "./local-storage.ts";
import type { PodWorker } from "./pod-worker.ts";
import type { PodWorkers } from "./pod-workers.ts";
import { type Execution, type Steps, Work } from "./work.ts";

const periodUs = 10_000_000;
const cleanupPollUs = 1_000_000;
/** A hard threshold leaves this long, in seconds; the runtime makes two of it. */
const hardGraceSeconds = 1;

/** What one pod uses, by container in bytes, and its processes. */
export interface PodUsage {
  readonly memoryBytes: ReadonlyMap<string, number>;
  /** Writable layers and logs. */
  readonly diskBytes: ReadonlyMap<string, number>;
  /** `emptyDir` volumes on the disk, by name. */
  readonly volumeBytes: ReadonlyMap<string, number>;
  readonly inodes: number;
  readonly processes: number;
}

export interface EvictionConfiguration {
  readonly thresholds: readonly Threshold[];
  /** Pressure is over when it has not been seen for this long. Default 5 min. */
  readonly transitionUs: number;
  /** Bounds the grace of soft evictions, in seconds. Default 0. */
  readonly maxPodGraceSeconds: number;
}

interface EvictionManagerOptions {
  readonly execution: Execution;
  readonly configuration: EvictionConfiguration;
  readonly ticker: Ticker;
  readonly stats: () => NodeStats;
  readonly usageOf: (pod: Pod) => PodUsage | undefined;
  readonly workers: Pick<PodWorkers, "active" | "of">;
  readonly nodeEvent: (type: "Normal" | "Warning", reason: string, message: string) => void;
  /** Answers whether there were any. */
  readonly removeUnusedImages: () => boolean;
  /** The node's conditions are to be looked at. */
  readonly changed: () => void;
  /** Nothing changes before `look` is called: rounds that would find nothing are no events. */
  readonly steady: boolean;
}

/** kubelet's eviction manager: one round every ten seconds, one pod a round, and the next round at once after it. */
export class EvictionManager {
  readonly #options: EvictionManagerOptions;
  /** Thresholds met at the last round. */
  #met: readonly Threshold[] = [];
  readonly #firstMetUs = new Map<Threshold, number>();
  readonly #lastSeenUs = new Map<string, number>();
  #conditions: ReadonlySet<string> = new Set();
  #baseUs: number;
  #round: Sequence | undefined;
  #busy = false;

  constructor(options: EvictionManagerOptions) {
    this.#options = options;
    this.#baseUs = options.ticker.phaseUs;
    if (!options.steady) this.#schedule();
  }

  get #nowUs(): number {
    return this.#options.execution.loop.nowUs;
  }

  /** Node conditions under pressure, as of the last round: `MemoryPressure` and kin. */
  get pressures(): ReadonlySet<string> {
    return this.#conditions;
  }

  /** Something is measured to be short, or is not any more. */
  look(): void {
    if (this.#round === undefined && !this.#busy) this.#schedule();
  }

  #schedule(): void {
    const ticker = { phaseUs: this.#baseUs, periodUs };
    this.#round = this.#options.execution.at(nextTickAt(ticker, this.#nowUs + 1), () => {
      this.#round = undefined;
      this.#busy = true;
      new Work(this.#options.execution, this.#rounds(), () => {
        this.#busy = false;
        this.#baseUs = this.#nowUs;
        const { steady } = this.#options;
        if (!steady || this.#conditions.size > 0 || this.#met.length > 0) this.#schedule();
      });
    });
  }

  /** Rounds until one evicts nobody. */
  *#rounds(): Steps {
    for (;;) {
      const evicted = yield* this.#synchronize();
      if (evicted.length === 0) return;
      yield* this.#awaitCleanup(evicted);
    }
  }

  *#awaitCleanup(evicted: readonly PodWorker[]): Steps {
    const giveUpUs = this.#nowUs + 30 * cleanupPollUs;
    do {
      yield this.#nowUs + cleanupPollUs;
    } while (this.#nowUs < giveUpUs && evicted.some(({ mayRun }) => mayRun));
  }

  /** Answers the pods that were evicted. */
  *#synchronize(): Steps<PodWorker[]> {
    const seen = observations(this.#options.stats());
    const { thresholds, transitionUs } = this.#options.configuration;
    const met = thresholds.filter((one) => isMet(one, seen, this.#met.includes(one)));
    for (const one of thresholds) {
      if (!met.includes(one)) this.#firstMetUs.delete(one);
      else if (!this.#firstMetUs.has(one)) this.#firstMetUs.set(one, this.#nowUs);
    }
    for (const { signal } of met) this.#lastSeenUs.set(conditionOf(signal), this.#nowUs);
    for (const [condition, lastUs] of this.#lastSeenUs)
      if (this.#nowUs - lastUs >= transitionUs) this.#lastSeenUs.delete(condition);
    this.#conditions = new Set(this.#lastSeenUs.keys());
    if (this.#options.steady) this.#options.changed();
    const due = inOrderOfAnswer(met.filter((one) => this.#nowUs - this.#firstMetUs.get(one)! >= one.graceUs));
    this.#met = due;
    const overLimit = yield* this.#evictOverLocalLimits();
    if (overLimit.length > 0) return overLimit;
    const [threshold] = due;
    if (threshold === undefined) return [];
    const resource = resourceOf(threshold.signal);
    this.#options.nodeEvent("Warning", "EvictionThresholdMet", `Attempting to reclaim ${resource}`);
    if (this.#reclaims(resource)) return [];
    const victim = this.#ranked(threshold.signal).find((pod) => !isCriticalPod(pod));
    if (victim === undefined) return [];
    const message = this.#message(victim, threshold, seen.get(threshold.signal)!);
    return yield* this.#evict(victim, message, this.#grace(threshold, victim), true);
  }

  /** `reclaimNodeLevelResources`: a disk is helped by removing unused images. Answers whether nothing is short any more, of any kind. */
  #reclaims(resource: string): boolean {
    if (resource !== "ephemeral-storage" && resource !== "inodes") return false;
    const { removeUnusedImages, stats, configuration } = this.#options;
    if (!removeUnusedImages()) return false;
    const seen = observations(stats());
    return !configuration.thresholds.some((threshold) => isMet(threshold, seen, true));
  }

  #grace({ hard }: Threshold, { spec }: Pod): number {
    if (hard) return hardGraceSeconds;
    return Math.min(this.#options.configuration.maxPodGraceSeconds, spec.terminationGracePeriodSeconds ?? 30);
  }

  #ranked(signal: string): Pod[] {
    const resource = resourceOf(signal);
    const inodes = resource === "inodes";
    const [layers, volumes] = onDiskOf(signal, this.#imagesApart);
    const candidates = this.#options.workers.active().map((pod) => {
      const usage = this.#options.usageOf(pod);
      return {
        pod,
        name: pod.metadata.uid,
        priority: pod.spec.priority ?? 0,
        memoryBytes: sum(usage?.memoryBytes.values() ?? []),
        memoryRequestBytes: requestOf(pod, "memory"),
        // Nobody can request inodes: whoever has any exceeds that.
        diskBytes: inodes
          ? (usage?.inodes ?? 0)
          : (layers ? sum(usage?.diskBytes.values() ?? []) : 0) +
            (volumes ? sum(usage?.volumeBytes.values() ?? []) : 0),
        ephemeralStorageRequestBytes: inodes ? 0 : requestOf(pod, "ephemeral-storage"),
        processes: usage?.processes ?? 0,
        noStats: usage === undefined,
      };
    });
    const ranked =
      resource === "memory"
        ? rankForMemory(candidates)
        : resource === "pids"
          ? rankForPids(candidates)
          : rankForDisk(candidates);
    return ranked.map(({ pod }) => pod);
  }

  get #imagesApart(): boolean {
    return this.#options.stats().imageFs !== undefined;
  }

  #message(pod: Pod, threshold: Threshold, observed: Observation): string {
    const resource = resourceOf(threshold.signal);
    const amount = binaryText(thresholdAmount(threshold, observed.capacity));
    const counts = resource === "inodes" || resource === "pids";
    const available = counts ? quantityText(observed.available, "DecimalSI") : binaryText(observed.available);
    const limit = threshold.percentage === undefined ? threshold.quantity : amount;
    let message = `The node was low on resource: ${resource}. Threshold quantity: ${limit}, available: ${available}. `;
    if (resource !== "memory") return message;
    const usage = this.#options.usageOf(pod)?.memoryBytes;
    for (const { name, resources } of pod.spec.containers) {
      const request = resources?.requests?.["memory"] ?? "0";
      const used = usage?.get(name) ?? 0;
      if (used > value(request))
        message += `Container ${name} was using ${binaryText(used)}, request is ${request}, has larger consumption of memory. `;
    }
    return message;
  }

  *#evictOverLocalLimits(): Steps<PodWorker[]> {
    const evicted: PodWorker[] = [];
    for (const pod of this.#options.workers.active()) {
      const excess = localStorageExcess(pod, this.#options.usageOf(pod), this.#imagesApart);
      if (excess !== undefined && !isCriticalPod(pod))
        evicted.push(...(yield* this.#evict(pod, excess, hardGraceSeconds, false)));
    }
    return evicted;
  }

  /** Answers whom it evicted: nobody, when the pod went by itself. */
  *#evict(pod: Pod, message: string, graceSeconds: number, disrupts: boolean): Steps<PodWorker[]> {
    const worker = this.#options.workers.of(pod);
    if (worker === undefined) return [];
    worker.podEvent("Warning", "Evicted", message);
    const status = { reason: "Evicted", message, ...(disrupts && { disruption: message }) };
    yield* killPodNow(worker, { evict: true, graceSeconds, status });
    return [worker];
  }
}

/** Whether writable layers, and whether volumes count for a disk: with a disk of their own, images have the layers beside them. */
function onDiskOf(signal: string, imagesApart: boolean): readonly [boolean, boolean] {
  return [!imagesApart || signal.startsWith("imagefs"), !imagesApart || signal.startsWith("nodefs")];
}

function sum(amounts: Iterable<number>): number {
  let total = 0;
  for (const amount of amounts) total += amount;
  return total;
}

const units = ["", "Ki", "Mi", "Gi", "Ti"];

/** A whole number as resource.Quantity prints it in BinarySI: in the largest unit that divides it. */
function binaryText(amount: number): string {
  let [rest, unit] = [amount, 0];
  while (rest !== 0 && rest % 1024 === 0 && unit < units.length - 1) {
    rest /= 1024;
    unit += 1;
  }
  return `${rest}${units[unit]}`;
}
