import { lastTickAt, nextTickAt, type Sequence, type Ticker } from "../sim/index.ts";
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
  /** `imageMaximumGCAge`: what nobody used for longer goes whatever room there is; 0 is never. Default 0. */
  readonly maxAgeUs: number;
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

/** Unused images that nobody used for longer than `maxAgeUs`: kubelet's `freeOldImages`. Use is noticed by the collector's own ticks. */
export function oldImages(
  images: Iterable<StoredImage>,
  inUse: ReadonlySet<string>,
  { ticker, maxAgeUs, nowUs }: { readonly ticker: Ticker; readonly maxAgeUs: number; readonly nowUs: number },
): StoredImage[] {
  // What was used before the kubelet started is not known to it.
  if (maxAgeUs === 0 || nowUs - ticker.phaseUs <= maxAgeUs) return [];
  return [...images].filter(
    ({ name, lastUsedUs }) => !inUse.has(name) && nowUs - noticedUs(lastUsedUs, ticker) > maxAgeUs,
  );
}

function noticedUs(usedUs: number, ticker: Ticker): number {
  return lastTickAt(ticker, usedUs) ?? ticker.phaseUs;
}

/** kubelet's image garbage collector. A turn that would find nothing to do is not an event: `look` says that there may be something. */
export class ImageGc {
  readonly #options: ImageGcOptions;
  #turn: Sequence | undefined;
  #turnUs = 0;

  constructor(options: ImageGcOptions) {
    this.#options = options;
  }

  /** The disk is fuller than before, or an image has one user less. */
  look(): void {
    const { execution, ticker } = this.#options;
    const { loop } = execution;
    const fromUs = this.#isFull() ? loop.nowUs : this.#nextOldUs();
    if (fromUs === Number.POSITIVE_INFINITY) return;
    const dueUs = nextTickAt(ticker, Math.max(loop.nowUs + 1, fromUs));
    if (this.#turn !== undefined) {
      if (this.#turnUs <= dueUs) return;
      loop.cancel(this.#turn);
      this.#turn = undefined;
    }
    this.#turnUs = dueUs;
    this.#turn = execution.at(dueUs, () => {
      this.#turn = undefined;
      this.#collect();
    });
  }

  /** From when on the first of the unused images is too old. */
  #nextOldUs(): number {
    const { host, policy, ticker, inUse } = this.#options;
    if (policy.maxAgeUs === 0) return Number.POSITIVE_INFINITY;
    const used = inUse();
    let lastUs = Number.POSITIVE_INFINITY;
    for (const { name, lastUsedUs } of host.images())
      if (!used.has(name)) lastUs = Math.min(lastUs, noticedUs(lastUsedUs, ticker));
    return Math.max(lastUs, ticker.phaseUs) + policy.maxAgeUs + 1;
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
    const { host, policy, ticker, inUse, execution } = this.#options;
    const { nowUs } = execution.loop;
    for (const { name } of oldImages(host.images(), inUse(), { ticker, maxAgeUs: policy.maxAgeUs, nowUs }))
      host.removeImage(name);
    this.#makeRoom();
    this.look();
  }

  #makeRoom(): void {
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
  }

  #remove(bytes: number, minAgeUs: number): number {
    const { host, execution, inUse } = this.#options;
    const chosen = imagesToRemove(host.images(), inUse(), { bytes, minAgeUs, nowUs: execution.loop.nowUs });
    for (const { name } of chosen) host.removeImage(name);
    return chosen.reduce((sum, image) => sum + image.bytes, 0);
  }
}
