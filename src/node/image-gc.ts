import { nextTickAt, type Sequence, type Ticker } from "../sim/index.ts";
import type { Host } from "./host.ts";
import type { StoredImage } from "./image-store.ts";
import type { Execution } from "./work.ts";

/** When unused images are removed: percent of the images' file system, microseconds. */
export interface ImageGcPolicy {
  /** `imageGCHighThresholdPercent`: from here on. Default 85. */
  readonly highPercent: number;
  /** `imageGCLowThresholdPercent`: down to here. Default 80. */
  readonly lowPercent: number;
  /** `imageMinimumGCAge`: none that is younger. Default 2 min. */
  readonly minAgeUs: number;
}

interface ImageGcOptions {
  readonly execution: Execution;
  readonly host: Host;
  readonly policy: ImageGcPolicy;
  /** Every five minutes. */
  readonly ticker: Ticker;
  readonly inUse: () => ReadonlySet<string>;
  readonly nodeEvent: (type: "Normal" | "Warning", reason: string, message: string) => void;
}

/** Unused images that are old enough, the least recently used first, until so many bytes are free: kubelet's `freeSpace`. */
export function imagesToRemove(
  images: Iterable<StoredImage>,
  inUse: ReadonlySet<string>,
  { bytes, minAgeUs, nowUs }: { readonly bytes: number; readonly minAgeUs: number; readonly nowUs: number },
): StoredImage[] {
  const unused = [...images].filter(({ name, pulledUs }) => !inUse.has(name) && nowUs - pulledUs >= minAgeUs);
  unused.sort((left, right) => left.lastUsedUs - right.lastUsedUs || left.pulledUs - right.pulledUs);
  let freed = 0;
  return unused.filter(({ bytes: own }) => {
    if (freed >= bytes) return false;
    freed += own;
    return true;
  });
}

/** kubelet's image garbage collector. A turn that would find enough room is not an event: `look` says that there may be too little. */
export class ImageGc {
  readonly #options: ImageGcOptions;
  #turn: Sequence | undefined;

  constructor(options: ImageGcOptions) {
    this.#options = options;
  }

  /** The disk is fuller than before. */
  look(): void {
    if (this.#turn !== undefined || !this.#isFull()) return;
    const { execution, ticker } = this.#options;
    this.#turn = execution.at(nextTickAt(ticker, execution.loop.nowUs + 1), () => {
      this.#turn = undefined;
      this.#collect();
    });
  }

  /** `DeleteUnusedImages`: every one that nobody uses, whatever its age. Answers whether there was any. */
  removeUnused(): boolean {
    return this.#remove(Number.POSITIVE_INFINITY, 0) > 0;
  }

  #isFull(): boolean {
    const { host, policy } = this.#options;
    const { nodeFsCapacity, nodeFsAvailable } = host.stats();
    return 100 - Math.trunc((nodeFsAvailable * 100) / nodeFsCapacity) >= policy.highPercent;
  }

  #collect(): void {
    const { host, policy, nodeEvent } = this.#options;
    if (!this.#isFull()) return;
    const { nodeFsCapacity, nodeFsAvailable } = host.stats();
    const wanted = Math.trunc((nodeFsCapacity * (100 - policy.lowPercent)) / 100) - nodeFsAvailable;
    const freed = this.#remove(wanted, policy.minAgeUs);
    if (freed < wanted)
      nodeEvent(
        "Warning",
        "FreeDiskSpaceFailed",
        `Failed to garbage collect required amount of images. Attempted to free ${wanted} bytes, but only found ${freed} bytes eligible to free.`,
      );
    this.look();
  }

  #remove(bytes: number, minAgeUs: number): number {
    const { host, execution, inUse } = this.#options;
    const chosen = imagesToRemove(host.images(), inUse(), { bytes, minAgeUs, nowUs: execution.loop.nowUs });
    for (const { name } of chosen) host.removeImage(name);
    return chosen.reduce((sum, image) => sum + image.bytes, 0);
  }
}
