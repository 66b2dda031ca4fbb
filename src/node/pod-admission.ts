import type { Node, Pod, PodStatus, WallClock } from "../model/index.ts";
import { admissionRejection, nodeShutdown, type Rejection, type Shortage } from "./admission.ts";
import { isCriticalPod } from "./critical-pod.ts";
import type { KubeletApi } from "./kubelet-api.ts";
import { preempt } from "./pod-preemption.ts";
import type { PodWorkers } from "./pod-workers.ts";
import { victimsFor } from "./preemption.ts";
import type { RuntimePod } from "./runtime-pod.ts";
import type { StatusManager } from "./status-manager.ts";
import { type Execution, Work } from "./work.ts";

interface PodAdmissionOptions {
  readonly execution: Execution;
  readonly api: KubeletApi;
  readonly clock: WallClock;
  readonly statuses: StatusManager;
  readonly node: () => Node | undefined;
  readonly workers: Pick<PodWorkers, "active" | "of">;
  /** The pod with what it holds of the machine. */
  readonly granted: (pod: Pod) => Pod;
  readonly pressures: () => ReadonlySet<string>;
  readonly shuttingDown: () => boolean;
  /** The pod may run here. */
  readonly begin: (pod: Pod, held: RuntimePod) => void;
  /** Nothing else is to be taken up before `goOn`. */
  readonly standStill: () => void;
  readonly goOn: () => void;
}

/** Lets pods in one after another, or refuses them; while room is made for a critical pod, all else waits. */
export class PodAdmission {
  readonly #options: PodAdmissionOptions;

  constructor(options: PodAdmissionOptions) {
    this.#options = options;
  }

  admit(pod: Pod, held: RuntimePod): void {
    const rejection = pod.metadata.deletionTimestamp === undefined ? this.objection(pod) : undefined;
    if (rejection === undefined) this.#options.begin(pod, held);
    else if (rejection.shortages === undefined || !isCriticalPod(pod)) this.#reject(pod, rejection);
    else this.#makeRoom(pod, held, rejection.shortages);
  }

  /** Why the pod cannot run here with what it asks for, whether it is new or runs already. */
  objection(pod: Pod): Rejection | undefined {
    const { node: currentNode, workers, granted, pressures, shuttingDown } = this.#options;
    const node = currentNode();
    if (node === undefined) return undefined;
    const others = workers.active().flatMap((other) => (other.metadata.uid === pod.metadata.uid ? [] : granted(other)));
    return admissionRejection({ pod, node, others, pressures: pressures(), shuttingDown: shuttingDown() });
  }

  #makeRoom(pod: Pod, held: RuntimePod, shortages: readonly Shortage[]): void {
    const { workers, execution, begin, shuttingDown, standStill, goOn } = this.#options;
    const others = workers.active();
    const answer = victimsFor(pod, others, shortages);
    if ("error" in answer) {
      const why = `preemption: error finding a set of pods to preempt: ${answer.error}`;
      const message = `Unexpected error while attempting to recover from admission failure: ${why}`;
      this.#reject(pod, { reason: "UnexpectedAdmissionError", message });
      return;
    }
    standStill();
    const victims = others.filter((other) => answer.victims.includes(other));
    new Work(execution, preempt(victims, workers), () => {
      // Who asks about a shutdown asks last.
      if (shuttingDown()) this.#reject(pod, nodeShutdown);
      else begin(pod, held);
      goOn();
    });
  }

  #reject(pod: Pod, { reason, message }: Rejection): void {
    const { api, clock, statuses, execution } = this.#options;
    api.event({ kind: "Pod", name: pod.metadata.name, pod }, "Warning", reason, message);
    statuses.reject(pod, {
      ...(pod.status.qosClass !== undefined && { qosClass: pod.status.qosClass }),
      phase: "Failed",
      reason,
      message: `Pod was rejected: ${message}`,
      startTime: clock.time(execution.loop.nowUs),
      observedGeneration: pod.metadata.generation,
    } as PodStatus);
  }
}
