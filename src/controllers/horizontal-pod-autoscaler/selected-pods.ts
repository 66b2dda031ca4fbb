import { isPodReady, type Labels, type Pod, podCondition, type Time } from "../../model/index.ts";
import type { ReadinessWindows } from "./pod-groups.ts";
import { type PodRequests, podRequests } from "./pod-requests.ts";

/** What a pod is to the replica calculator, whatever its metric. */
export const standing = { ignored: 0, pending: 1, started: 2 } as const;

/**
 * The pods of one target as columns. It is made once for each list of pods that the cache holds, so a sync that finds the
 * same pods as the last one reads no pod object.
 */
export class SelectedPods {
  readonly pods: readonly Pod[];
  readonly names: readonly string[];
  /** Of `standing`: deleted or failed pods are ignored. */
  readonly standings: Uint8Array;
  /** `status.startTime`; Infinity for a pod whose start or readiness is not known, which is starting. */
  readonly startUs: Float64Array;
  /** When Ready changed last; −Infinity (Go's zero instant) where the condition has no time. */
  readonly transitionUs: Float64Array;
  /** 1: Ready is False (not Unknown). */
  readonly unready: Uint8Array;
  readonly #requests = new Map<string, PodRequests>();
  #indexes: Map<string, number> | undefined;
  #labelSets: ReadonlySet<Labels> | undefined;
  #readyCount: number | undefined;

  constructor(pods: readonly Pod[], instantUs: (time: Time) => number) {
    this.pods = pods;
    this.names = pods.map(({ metadata }) => metadata.name);
    this.standings = new Uint8Array(pods.length);
    this.startUs = new Float64Array(pods.length).fill(Number.POSITIVE_INFINITY);
    this.transitionUs = new Float64Array(pods.length).fill(Number.NEGATIVE_INFINITY);
    this.unready = new Uint8Array(pods.length);
    for (const [index, pod] of pods.entries()) {
      this.standings[index] = standingOf(pod);
      const ready = podCondition(pod, "Ready");
      const startTime = pod.status?.startTime;
      if (ready === undefined || startTime === undefined) {
        this.unready[index] = 1;
        continue;
      }
      this.startUs[index] = instantUs(startTime);
      if (ready.lastTransitionTime !== undefined) this.transitionUs[index] = instantUs(ready.lastTransitionTime);
      if (ready.status === "False") this.unready[index] = 1;
    }
  }

  get length(): number {
    return this.pods.length;
  }

  /** Where a pod of this name is, or −1. Looked for first at `near`: lists mostly come in one order. */
  indexOf(name: string, near: number): number {
    if (this.names[near] === name) return near;
    this.#indexes ??= new Map(this.names.map((known, index) => [known, index]));
    return this.#indexes.get(name) ?? -1;
  }

  /** In the order of the pods, or upstream's complaint. `container`: "" for all. */
  requests(resource: string, container: string): PodRequests {
    const key = `${resource}/${container}`;
    let requests = this.#requests.get(key);
    if (requests === undefined) {
      requests = podRequests(this.pods, resource, container);
      this.#requests.set(key, requests);
    }
    return requests;
  }

  /** Each once. */
  get labelSets(): ReadonlySet<Labels> {
    this.#labelSets ??= new Set(this.pods.map(({ metadata }) => metadata.labels));
    return this.#labelSets;
  }

  /** Pods that run and are ready. */
  get readyCount(): number {
    this.#readyCount ??= this.pods.filter((pod) => pod.status?.phase === "Running" && isPodReady(pod)).length;
    return this.#readyCount;
  }

  /**
   * Before this instant no pod changes its group by mere lapse of time (`groupPods`), while their usage rests. A pod that
   * starts is awaited until its metric's window, which began at `sinceUs` and moves on, lies after its readiness.
   */
  settledUntilUs(nowUs: number, sinceUs: number, { cpuInitializationUs }: ReadinessWindows): number {
    let untilUs = Number.POSITIVE_INFINITY;
    for (let index = 0; index < this.startUs.length; index += 1) {
      const startedUs = this.startUs[index]! + cpuInitializationUs;
      if (startedUs <= nowUs || startedUs === Number.POSITIVE_INFINITY) continue;
      if (this.unready[index] === 1) untilUs = Math.min(untilUs, startedUs);
      else if (sinceUs < this.transitionUs[index]!) return nowUs;
    }
    return untilUs;
  }
}

/** Whether two versions of a pod are the same to everything that reads selected pods. */
export function looksTheSame(before: Pod, after: Pod): boolean {
  if (before.spec !== after.spec || before.metadata.labels !== after.metadata.labels) return false;
  if (standingOf(before) !== standingOf(after) || before.status?.phase !== after.status?.phase) return false;
  if (before.status?.startTime !== after.status?.startTime) return false;
  const [was, is] = [podCondition(before, "Ready"), podCondition(after, "Ready")];
  return was?.status === is?.status && was?.lastTransitionTime === is?.lastTransitionTime;
}

function standingOf({ metadata, status }: Pod): number {
  if (metadata.deletionTimestamp !== undefined || status?.phase === "Failed") return standing.ignored;
  return status?.phase === "Pending" ? standing.pending : standing.started;
}
