import type { ContainerImage } from "../model/index.ts";
import { nextTickAt, type Sequence, type Ticker } from "../sim/index.ts";
import type { Host } from "./host.ts";
import type { StoredImage } from "./image-store.ts";
import type { Execution } from "./work.ts";

interface ImageListOptions {
  readonly execution: Execution;
  readonly host: Host;
  /** Every thirty seconds. */
  readonly ticker: Ticker;
  /** `nodeStatusMaxImages`; −1 is no bound. */
  readonly mostImages: number;
  /** The list is another one now. */
  readonly changed: () => void;
}

/** kubelet's cache of the runtime's images, for the node's status. A turn that would find what is known is not an event. */
export class ImageList {
  readonly #options: ImageListOptions;
  #images: readonly ContainerImage[];
  #turn: Sequence | undefined;

  constructor(options: ImageListOptions) {
    this.#options = options;
    this.#images = this.#read();
  }

  /** The largest first, as the last turn found them. */
  get images(): readonly ContainerImage[] {
    return this.#images;
  }

  /** The runtime has other images than before. */
  look(): void {
    if (this.#turn !== undefined) return;
    const { execution, ticker, changed } = this.#options;
    this.#turn = execution.at(nextTickAt(ticker, execution.loop.nowUs + 1), () => {
      this.#turn = undefined;
      const known = this.#images;
      this.#images = this.#read();
      if (!sameImages(known, this.#images)) changed();
    });
  }

  #read(): ContainerImage[] {
    const { host, mostImages } = this.#options;
    return reportedImages(host.images(), mostImages);
  }
}

/** The largest first; of equal ones the greater name, where upstream takes the greater digest. */
export function reportedImages(images: Iterable<StoredImage>, most: number): ContainerImage[] {
  const sorted = [...images].sort(
    (left, right) => right.sizeBytes - left.sizeBytes || (left.name < right.name ? 1 : -1),
  );
  if (most >= 0) sorted.length = Math.min(sorted.length, most);
  return sorted.map(({ name, sizeBytes }) => ({ names: [name], sizeBytes }));
}

export function sameImages(left: readonly ContainerImage[], right: readonly ContainerImage[]): boolean {
  if (left.length !== right.length) return false;
  return left.every((image, index) => {
    const other = right[index]!;
    return image.names?.[0] === other.names?.[0] && image.sizeBytes === other.sizeBytes;
  });
}
