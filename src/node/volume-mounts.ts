import type { Pod } from "../model/index.ts";
import { nextTickAt, type Ticker } from "../sim/index.ts";
import type { KubeletApi } from "./kubelet-api.ts";
import { missingMount } from "./volume-sources.ts";
import type { VolumesInUse } from "./volumes-in-use.ts";
import type { Execution, Signal, Steps } from "./work.ts";

const firstWaitUs = 500_000;
const longestWaitUs = 122_000_000;
const pollUs = 300_000;
const giveUpUs = 123_000_000;

interface VolumeMountsOptions {
  readonly execution: Execution;
  readonly api: KubeletApi;
  readonly inUse: VolumesInUse;
  /** The reconciler's loop, every 100 ms. */
  readonly reconcile: Ticker;
  /** Something is to be mounted even where the manifest names nothing. */
  readonly always: boolean;
  readonly failed: (message: string) => void;
  readonly gone: () => boolean;
}

/** The volumes of one pod: tried by the volume manager's reconciler with a back-off, awaited by syncs. */
export class VolumeMounts {
  readonly #options: VolumeMountsOptions;
  #mountedUs = Number.POSITIVE_INFINITY;
  #waitUs = firstWaitUs;
  readonly #pod: Pod;
  #begun = false;

  constructor(pod: Pod, options: VolumeMountsOptions) {
    this.#pod = pod;
    this.#options = options;
  }

  /** `WaitForAttachAndMount`: polls; answers whether all is mounted before it gives up or is cancelled. */
  *await(cancelled: Signal): Steps<boolean> {
    const { execution, reconcile, always } = this.#options;
    if (!always && (this.#pod.spec.volumes ?? []).length === 0) return true;
    const { loop } = execution;
    if (!this.#begun) {
      this.#begun = true;
      this.#options.inUse.use(this.#pod);
      // The populator hears of the pod by one turn, the reconciler mounts at the next.
      this.#tryAt(nextTickAt(reconcile, nextTickAt(reconcile, loop.nowUs) + 1));
    }
    const endUs = loop.nowUs + giveUpUs;
    while (this.#mountedUs >= loop.nowUs) {
      if (loop.nowUs + pollUs > endUs) return false;
      yield { signal: cancelled, notAfterUs: loop.nowUs + pollUs };
      if (cancelled.fired) return false;
    }
    return true;
  }

  #tryAt(atUs: number): void {
    const { execution, api, inUse, reconcile, failed, gone } = this.#options;
    execution.at(atUs, () => {
      if (gone()) return;
      const missing = missingMount(this.#pod, api);
      if (missing === undefined && inUse.mayMount(this.#pod)) {
        this.#mountedUs = execution.loop.nowUs;
        return;
      }
      if (missing !== undefined) failed(missing); // Who waits for a volume to be attached says nothing.
      this.#tryAt(nextTickAt(reconcile, execution.loop.nowUs + this.#waitUs + 1));
      this.#waitUs = Math.min(2 * this.#waitUs, longestWaitUs);
    });
  }
}
