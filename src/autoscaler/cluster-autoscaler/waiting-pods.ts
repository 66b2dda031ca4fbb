import type { View } from "../../client/index.ts";
import { isPodTerminal, type Pod, parseGoDuration } from "../../model/index.ts";
import { inKeyOrder, isAssigned } from "./cluster-lists.ts";
import type { ClusterSnapshot } from "./cluster-snapshot.ts";
import type { AutoscalingOptions } from "./options.ts";
import { HintingSimulator, type PodToPlace } from "./placing.ts";
import { isExpendable, isRecreatable, isUnschedulable } from "./pod-kinds.ts";
import { gpuResource } from "./readiness.ts";
import { PodKinds, type PodOfKind } from "./similar-pods.ts";
import { TemplateRequests } from "./template-requests.ts";

const unschedulablePodBufferUs = 2_000_000;
const unschedulablePodWithGpuBufferUs = 30_000_000;

/** What a run reads of a pod that waits, taken once: ten thousand pods lie far apart. */
interface WaitingPod extends PodToPlace {
  readonly priority: number;
  readonly isRecreatable: boolean;
  readonly bornUs: number;
  /** How old it must be. */
  readonly delayUs: number;
}

/** Pods that wait, as a run finds them. */
export interface Waiting {
  /** The scheduler has found no place for them; by their keys. */
  readonly pending: readonly WaitingPod[];
  /** They wait for the place that they are promised. */
  readonly nominated: readonly Pod[];
  readonly kinds: PodKinds;
}

/** Which pods machines would be bought for: the list processors of a run. */
export class WaitingPods {
  readonly #options: AutoscalingOptions;
  readonly #simulator = new HintingSimulator();
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

  look(view: View): Waiting {
    const { expendablePodsPriorityCutoff: cutoff } = this.#options;
    const pending: Pod[] = [];
    const nominated: Pod[] = [];
    for (const pod of view.list("Pod")) {
      if (isAssigned(pod) || isPodTerminal(pod) || pod.metadata.deletionTimestamp !== undefined) continue;
      if (isExpendable(pod, cutoff)) continue;
      if ((pod.status.nominatedNodeName ?? "") !== "") nominated.push(pod);
      else if (isUnschedulable(pod)) pending.push(pod);
    }
    const kinds = new PodKinds();
    return { pending: inKeyOrder(pending).map((pod) => this.#read(pod, kinds, false, view)), nominated, kinds };
  }

  #read(pod: Pod, kinds: PodKinds, moves: boolean, view: View): WaitingPod {
    const kind = kinds.of(pod);
    const { annotations } = pod.metadata;
    const priority = pod.spec.priority ?? 0;
    const delayUs = Math.max(this.#options.newPodScaleUpDelayUs, wishedDelayUs(annotations));
    // Whatever is of a kind has a controller that is no DaemonSet.
    const recreatable = (kind !== undefined && annotations === undefined) || isRecreatable(pod);
    return { pod, kind, moves, priority, isRecreatable: recreatable, bornUs: this.#bornUs(pod, view), delayUs };
  }

  /** Those of `pending` that no node there is, or comes, has room for, and such pods of nodes that are drained. */
  toHelp(
    { pending, kinds }: Waiting,
    view: View,
    snapshot: ClusterSnapshot,
    draining: readonly string[],
    nowUs: number,
  ): readonly PodOfKind[] {
    const waiting = [...pending];
    for (const name of draining) {
      for (const { pod } of snapshot.node(name)?.pods ?? []) {
        const leaves = pod.metadata.deletionTimestamp !== undefined;
        if (!leaves && isRecreatable(pod)) waiting.push(this.#read(pod, kinds, true, view));
      }
    }
    this.#count = waiting.length;
    // Most floods have one priority, and keep their order.
    if (waiting.some(({ priority }) => priority !== waiting[0]!.priority)) {
      waiting.sort((a, b) => b.priority - a.priority);
    }
    const placed = this.#simulator.place(snapshot, waiting, () => true, false);
    this.#simulator.dropOldHints();
    const pods: PodOfKind[] = [];
    this.#oldestUs = Number.POSITIVE_INFINITY;
    this.#young = [];
    for (const one of waiting) {
      const { pod, bornUs } = one;
      if (!one.isRecreatable || nowUs - bornUs <= one.delayUs || placed.has(pod)) continue;
      pods.push(one);
      this.#oldestUs = Math.min(this.#oldestUs, bornUs);
      if (bornUs > nowUs - unschedulablePodWithGpuBufferUs) this.#young.push(pod);
    }
    return pods;
  }

  /** Those of them that still find no room, after nodes were added to the snapshot. */
  stillUnhelped(pods: readonly PodOfKind[], snapshot: ClusterSnapshot): PodOfKind[] {
    const waiting = pods.map(({ pod, kind }) => ({ pod, kind, moves: false }));
    const placed = this.#simulator.place(snapshot, waiting, () => true, false);
    return pods.filter(({ pod }) => !placed.has(pod));
  }

  /** More pods are probably coming: the oldest of `toHelp` is younger than 2 s, or than 30 s if it wants a GPU. */
  areAllNew(pods: readonly PodOfKind[], nowUs: number): boolean {
    const requests = new TemplateRequests();
    const wantsGpu = (pod: Pod): boolean => (requests.of(pod).scalars.get(gpuResource) ?? 0) > 0;
    if (this.#oldestUs + unschedulablePodBufferUs > nowUs) return true;
    // What old pods ask for matters only where a young one wants a GPU.
    const young = new Set(this.#young.filter(wantsGpu));
    return young.size > 0 && !pods.some(({ pod }) => !young.has(pod) && wantsGpu(pod));
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

/** By an annotation of the pod's own. */
function wishedDelayUs(annotations: Pod["metadata"]["annotations"]): number {
  const wish = annotations?.["cluster-autoscaler.kubernetes.io/pod-scale-up-delay"];
  if (wish === undefined) return 0;
  try {
    return parseGoDuration(wish) / 1000;
  } catch {
    return 0; // Upstream logs it and goes on without.
  }
}
