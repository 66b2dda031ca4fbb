import type { Pod } from "../model/index.ts";
import { nextTickAt, type Sequence, type Ticker } from "../sim/index.ts";
import type { Execution } from "./work.ts";

/** What the API says of volumes that have to be attached to a machine; volumes by their unique names. */
export interface Attachments {
  /** Those of a pod. */
  of(pod: Pod): readonly string[];
  /** Node.status.volumesAttached has it. */
  isAttached(volume: string): boolean;
  /** Writes Node.status.volumesInUse. */
  reportInUse(volumes: readonly string[]): void;
}

interface VolumesInUseOptions {
  readonly execution: Execution;
  /** The node's status is written at its ticks, every ten seconds. */
  readonly ticker: Ticker;
  readonly attachments: Attachments;
}

/**
 * Which attachable volumes pods of a kubelet use, and what of that its Node says already: a volume is mounted only once it is
 * attached and reported in use, and may be detached only once it is no longer.
 */
export class VolumesInUse {
  readonly #options: VolumesInUseOptions;
  readonly #ofPod = new Map<string, readonly string[]>();
  #reported: ReadonlySet<string> = new Set();
  #pending: Sequence | undefined;

  constructor(options: VolumesInUseOptions) {
    this.#options = options;
  }

  /** The pod needs its volumes until `release`. */
  use(pod: Pod): void {
    const volumes = this.#options.attachments.of(pod);
    if (volumes.length === 0) return;
    this.#ofPod.set(pod.metadata.uid, volumes);
    this.#tellAtNextTick();
  }

  /** The pod's volumes are unmounted. */
  release(uid: string): void {
    if (this.#ofPod.delete(uid)) this.#tellAtNextTick();
  }

  /** All of the pod's volumes may be mounted. */
  mayMount({ metadata }: Pod): boolean {
    const { attachments } = this.#options;
    const volumes = this.#ofPod.get(metadata.uid) ?? [];
    return volumes.every((volume) => this.#reported.has(volume) && attachments.isAttached(volume));
  }

  #tellAtNextTick(): void {
    if (this.#pending !== undefined) return;
    const { execution, ticker, attachments } = this.#options;
    this.#pending = execution.at(nextTickAt(ticker, execution.loop.nowUs + 1), () => {
      this.#pending = undefined;
      const now = new Set([...this.#ofPod.values()].flat());
      const same = now.size === this.#reported.size && [...now].every((volume) => this.#reported.has(volume));
      this.#reported = now;
      if (!same) attachments.reportInUse([...now]);
    });
  }
}

/** Of a kubelet whose volumes never have to be attached. */
export const noAttachments: Attachments = {
  of: () => [],
  isAttached: () => true,
  reportInUse: () => undefined,
};
