import type { View } from "../../client/index.ts";
import { isPodTerminal, type Pod, parseGoDuration } from "../../model/index.ts";
import { inKeyOrder, isAssigned } from "./cluster-lists.ts";
import type { ClusterSnapshot } from "./cluster-snapshot.ts";
import type { AutoscalingOptions } from "./options.ts";
import { HintingSimulator, type PodToPlace } from "./placing.ts";
import { isExpendable, isRecreatable, isUnschedulable } from "./pod-kinds.ts";
import { gpuResource } from "./readiness.ts";
import { PodKinds } from "./similar-pods.ts";
import { TemplateRequests } from "./template-requests.ts";

const unschedulablePodBufferUs = 2_000_000;
const unschedulablePodWithGpuBufferUs = 30_000_000;

/** Which pods machines would be bought for: the list processors of a run. */
export class WaitingPods {
  readonly #options: AutoscalingOptions;
  readonly #simulator = new HintingSimulator();
  #kinds = new PodKinds();
  /** Of what `toHelp` answered last: the first birth, and those born within the longest buffer. */
  #oldestUs = 0;
  #young: Pod[] = [];
  #birth = "";
  #birthUs = 0;
  #count = 0;

  constructor(options: AutoscalingOptions) {
    this.#options = options;
  }

  /** Pods that waited in the last run, whether or not a machine would help them. */
  get count(): number {
    return this.#count;
  }

  /** Which of the pods of this run are alike. */
  get kinds(): PodKinds {
    return this.#kinds;
  }

  /** Those that the scheduler has found no place for, by their keys. */
  pending(view: View): Pod[] {
    const { expendablePodsPriorityCutoff: cutoff } = this.#options;
    this.#kinds = new PodKinds();
    const pending: Pod[] = [];
    for (const pod of view.list("Pod")) {
      const nominated = (pod.status.nominatedNodeName ?? "") !== "";
      if (isWaiting(pod) && !nominated && !isExpendable(pod, cutoff)) pending.push(pod);
    }
    return inKeyOrder(pending);
  }

  /** Those of `pending` that no node there is, or comes, has room for, and such pods of nodes that are drained. */
  toHelp(
    pending: readonly Pod[],
    view: View,
    snapshot: ClusterSnapshot,
    draining: readonly string[],
    nowUs: number,
  ): Pod[] {
    const waiting: PodToPlace[] = pending.map((pod) => ({ pod }));
    for (const name of draining) {
      for (const { pod } of snapshot.node(name)?.pods ?? []) {
        const leaves = pod.metadata.deletionTimestamp !== undefined;
        if (!leaves && isRecreatable(pod)) waiting.push({ pod, moves: true });
      }
    }
    this.#count = waiting.length;
    waiting.sort((a, b) => (b.pod.spec.priority ?? 0) - (a.pod.spec.priority ?? 0));
    const placed = this.#simulator.place(snapshot, waiting, () => true, false, this.#kinds);
    this.#simulator.dropOldHints();
    const pods: Pod[] = [];
    this.#oldestUs = Number.POSITIVE_INFINITY;
    this.#young = [];
    for (const { pod } of waiting) {
      if (placed.has(pod) || !isRecreatable(pod)) continue;
      const bornUs = this.#bornUs(pod, view);
      if (!this.#isOldEnough(pod, nowUs - bornUs)) continue;
      pods.push(pod);
      this.#oldestUs = Math.min(this.#oldestUs, bornUs);
      if (bornUs > nowUs - unschedulablePodWithGpuBufferUs) this.#young.push(pod);
    }
    return pods;
  }

  /** Those of them that still find no room, after nodes were added to the snapshot. */
  stillUnhelped(pods: readonly Pod[], snapshot: ClusterSnapshot): Pod[] {
    const waiting = pods.map((pod) => ({ pod }));
    const placed = this.#simulator.place(snapshot, waiting, () => true, false, this.#kinds);
    return pods.filter((pod) => !placed.has(pod));
  }

  /** More pods are probably coming: the oldest of `toHelp` is younger than 2 s, or than 30 s if it wants a GPU. */
  areAllNew(pods: readonly Pod[], nowUs: number): boolean {
    const requests = new TemplateRequests();
    const wantsGpu = (pod: Pod): boolean => (requests.of(pod).scalars.get(gpuResource) ?? 0) > 0;
    if (this.#oldestUs + unschedulablePodBufferUs > nowUs) return true;
    // What old pods ask for matters only where a young one wants a GPU.
    const young = new Set(this.#young.filter(wantsGpu));
    return young.size > 0 && !pods.some((pod) => !young.has(pod) && wantsGpu(pod));
  }

  #isOldEnough(pod: Pod, ageUs: number): boolean {
    const wish = pod.metadata.annotations?.["cluster-autoscaler.kubernetes.io/pod-scale-up-delay"];
    const delayUs = Math.max(this.#options.newPodScaleUpDelayUs, wish === undefined ? 0 : durationUs(wish));
    return ageUs > delayUs;
  }

  /** Pods of a flood share a handful of creation times. */
  #bornUs({ metadata }: Pod, view: View): number {
    const { creationTimestamp } = metadata;
    if (creationTimestamp !== this.#birth) {
      this.#birth = creationTimestamp;
      this.#birthUs = view.clock.instantUs(creationTimestamp);
    }
    return this.#birthUs;
  }
}

/** The scheduler has tried the pod and found no place. */
function isWaiting(pod: Pod): boolean {
  if (isAssigned(pod) || isPodTerminal(pod) || pod.metadata.deletionTimestamp !== undefined) return false;
  return isUnschedulable(pod);
}

function durationUs(text: string): number {
  try {
    return parseGoDuration(text) / 1000;
  } catch {
    return 0; // Upstream logs it and goes on without.
  }
}
