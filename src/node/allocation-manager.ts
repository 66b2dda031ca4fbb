import { compareText, type GeneratedCondition, type Pod, podRequests, qosClass, sameContent } from "../model/index.ts";
import type { Sequence } from "../sim/index.ts";
import type { Rejection } from "./admission.ts";
import { lastingContainers } from "./pod-containers.ts";
import { resizeMessage } from "./resize-message.ts";
import type { Execution } from "./work.ts";

/** Deferred resizes are looked at again after this, if nothing else makes the kubelet look. */
const retryUs = 60_000_000;

/** What is kept of a pod that was resized: what it holds of the machine, and how far the change has come. */
interface Allocation {
  /** Containers with the resources that the machine has granted. */
  containers: Pod["spec"]["containers"];
  initContainers: Pod["spec"]["initContainers"];
  /** Why the machine cannot grant what the pod asks for, be it now or ever, and since when. */
  pending?: { readonly reason: "Deferred" | "Infeasible"; readonly message: string; readonly sinceUs: number };
  /** Granted, but not yet so at the runtime; the generation that asked for it, and the runtime's error. */
  inProgress?: { readonly generation: number; readonly error?: string };
  /** The pod as it was granted last, made from `madeFrom`. */
  madeFrom?: Pod;
  pod?: Pod;
}

interface AllocationManagerOptions {
  readonly execution: Execution;
  /** The pod as its object says. */
  readonly podOf: (uid: string) => Pod | undefined;
  /** Why no machine so configured would let the pod have what it asks for instead of what it was granted. */
  readonly infeasible: (pod: Pod, granted: Pod) => string | undefined;
  /** Why the machine cannot let the pod have what it asks for; `undefined` when it can. */
  readonly objection: (pod: Pod) => Rejection | undefined;
  readonly event: (pod: Pod, type: "Normal" | "Warning", reason: string, message: string) => void;
  /** The pod is to be synced. */
  readonly changed: (uid: string) => void;
}

/** kubelet's allocation manager (v1.36): what a pod asks for, and what of it the machine has granted. Nothing is kept of pods that nobody resized. */
export class AllocationManager {
  readonly #options: AllocationManagerOptions;
  readonly #allocations = new Map<string, Allocation>();
  /** Pods whose resize waits, in the order in which they are tried. */
  #waiting: string[] = [];
  #retry: Sequence | undefined;

  constructor(options: AllocationManagerOptions) {
    this.#options = options;
  }

  /** The pod with the resources it was granted. */
  granted(pod: Pod): Pod {
    const allocation = this.#allocations.get(pod.metadata.uid);
    if (allocation === undefined) return pod;
    if (allocation.madeFrom !== pod) {
      const { containers, initContainers } = allocation;
      const own = (list: Pod["spec"]["containers"], kept: typeof list = []): typeof list =>
        list.map((container) => {
          const resources = kept.find(({ name }) => name === container.name)?.resources;
          return sameContent(resources, container.resources) ? container : { ...container, resources: resources ?? {} };
        });
      const inits = pod.spec.initContainers;
      allocation.madeFrom = pod;
      allocation.pod = {
        ...pod,
        spec: {
          ...pod.spec,
          containers: own(pod.spec.containers, containers),
          ...(inits !== undefined && { initContainers: own(inits, initContainers) }),
        },
      };
    }
    return allocation.pod!;
  }

  /** The object changed. What it asks for now is tried at once, in its turn among those that wait. */
  updated(before: Pod, pod: Pod): void {
    if (sameResources(before, pod)) return;
    const { uid } = pod.metadata;
    if (!this.#allocations.has(uid)) {
      const { containers, initContainers } = before.spec;
      this.#allocations.set(uid, { containers, initContainers });
    }
    if (!this.#waiting.includes(uid)) this.#waiting.push(uid);
    this.#sort();
    this.retry();
  }

  /** Tries every resize that waits: something on the machine was freed, or enough time has passed. */
  retry(): void {
    if (this.#waiting.length === 0) return;
    const { podOf, changed } = this.#options;
    this.#waiting = this.#waiting.filter((uid) => {
      const pod = podOf(uid);
      if (pod === undefined) return false;
      const before = this.#allocations.get(uid)?.pending;
      const granted = this.#grant(pod);
      const now = this.#allocations.get(uid)?.pending;
      if (granted || now?.message !== before?.message) changed(uid);
      return now?.reason === "Deferred";
    });
    this.#schedule();
  }

  /** Before a sync writes its status: what was granted is in force, or is not yet. Conditions and events follow. */
  observe(pod: Pod, actuated: () => boolean): void {
    const allocation = this.#allocations.get(pod.metadata.uid);
    if (allocation?.inProgress === undefined || !actuated()) return;
    const { generation } = allocation.inProgress;
    delete allocation.inProgress;
    this.#options.event(pod, "Normal", "ResizeCompleted", resizeMessage("Pod resize completed", pod, generation));
  }

  /** The runtime could not be brought to it; told once for each error. */
  failed(pod: Pod, error: string): void {
    const allocation = this.#allocations.get(pod.metadata.uid);
    if (allocation?.inProgress === undefined || allocation.inProgress.error === error) return;
    const { generation } = allocation.inProgress;
    allocation.inProgress = { generation, error };
    this.#options.event(pod, "Warning", "ResizeError", resizeMessage("Pod resize error", pod, generation, error));
  }

  /** `PodResizePending` and `PodResizeInProgress`, as far as they hold. */
  conditions(uid: string): GeneratedCondition[] {
    const { pending, inProgress } = this.#allocations.get(uid) ?? {};
    const conditions: GeneratedCondition[] = [];
    if (pending !== undefined) {
      const { reason, message } = pending;
      conditions.push({ type: "PodResizePending", status: "True", reason, message });
    }
    if (inProgress !== undefined) {
      const { error } = inProgress;
      const why = error === undefined ? {} : { reason: "Error", message: error };
      conditions.push({ type: "PodResizeInProgress", status: "True", ...why });
    }
    return conditions;
  }

  forget(uid: string): void {
    this.#allocations.delete(uid);
  }

  /** Answers whether the pod is granted something now that it did not have. */
  #grant(pod: Pod): boolean {
    const { execution, infeasible, objection, event } = this.#options;
    const allocation = this.#allocations.get(pod.metadata.uid);
    if (allocation === undefined) return false;
    const own = this.granted(pod);
    if (sameResources(own, pod)) {
      delete allocation.pending;
      return false;
    }
    const generation = pod.metadata.generation ?? 0;
    const never = infeasible(pod, own);
    const rejection = never === undefined ? objection(pod) : { reason: "Infeasible", message: never };
    if (rejection !== undefined) {
      const { message } = rejection;
      if (allocation.pending?.message === message) return false;
      const sinceUs = allocation.pending?.sinceUs ?? execution.loop.nowUs;
      const reason = never === undefined ? "Deferred" : "Infeasible";
      allocation.pending = { reason, message, sinceUs };
      const words = resizeMessage(`Pod resize ${rejection.reason}`, pod, generation, message);
      event(pod, "Warning", `Resize${reason}`, words);
      return false;
    }
    const { containers, initContainers } = pod.spec;
    this.#allocations.set(pod.metadata.uid, { containers, initContainers, inProgress: { generation } });
    event(pod, "Normal", "ResizeStarted", resizeMessage("Pod resize started", pod, generation));
    return true;
  }

  /** Who asks for less comes first, then who has priority, who is Guaranteed, who has waited longest. */
  #sort(): void {
    const { podOf } = this.#options;
    const rank = (uid: string): readonly number[] => {
      const pod = podOf(uid);
      if (pod === undefined) return [0, 0, 0, 0];
      const [own, asked] = [podRequests(this.granted(pod)), podRequests(pod)];
      const more = asked.cpuMillicores > own.cpuMillicores || asked.memoryBytes > own.memoryBytes;
      const sinceUs = this.#allocations.get(uid)?.pending?.sinceUs ?? Number.POSITIVE_INFINITY;
      return [more ? 1 : 0, -(pod.spec.priority ?? 0), qosClass(pod) === "Guaranteed" ? 0 : 1, sinceUs];
    };
    const ranked = this.#waiting.map((uid) => ({ uid, rank: rank(uid) }));
    ranked.sort((left, right) => compareRanks(left.rank, right.rank) || compareText(left.uid, right.uid));
    this.#waiting = ranked.map(({ uid }) => uid);
  }

  #schedule(): void {
    const { execution } = this.#options;
    if (this.#retry !== undefined) execution.loop.cancel(this.#retry);
    this.#retry = undefined;
    if (this.#waiting.length === 0) return;
    this.#retry = execution.at(execution.loop.nowUs + retryUs, () => {
      this.#retry = undefined;
      this.retry();
    });
  }
}

function compareRanks(left: readonly number[], right: readonly number[]): number {
  const at = left.findIndex((value, index) => value !== right[index]);
  return at < 0 ? 0 : left[at]! < right[at]! ? -1 : 1;
}

/** Ordinary containers and sidecars can be resized; other init containers cannot. */
function sameResources(left: Pod, right: Pod): boolean {
  if (left.spec === right.spec) return true;
  const of = ({ spec }: Pod): unknown[] => lastingContainers(spec).map(({ resources }) => resources);
  return sameContent(of(left), of(right));
}
