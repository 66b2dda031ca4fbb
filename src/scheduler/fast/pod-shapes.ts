import type { PodInfo } from "../snapshot/pod-info.ts";

/**
 * A text for all that the built-in plugins read of a pod's containers besides their images: amounts and host ports. Pods of
 * different programs are often of the same few sizes.
 */
export class PodShapes {
  /** Pods of a template share the object that holds their requests, and their other amounts with it. */
  readonly #amounts: WeakMap<PodInfo["requests"], string> = new WeakMap();

  of(pod: PodInfo): string {
    let text = this.#amounts.get(pod.requests);
    if (text === undefined) {
      const { requests, scored, nonZeroCpuMillicores, nonZeroMemoryBytes } = pod;
      text = JSON.stringify([[...requests.all], [...scored.all], nonZeroCpuMillicores, nonZeroMemoryBytes]);
      this.#amounts.set(pod.requests, text);
    }
    return pod.hostPorts.length === 0 ? text : `${text}${JSON.stringify(pod.hostPorts)}`;
  }
}
