import type { NodeInfo } from "./node-info.ts";

/** An image as the scheduler knows it. */
export class ImageState {
  /** As the node said that told of it first. */
  readonly sizeBytes: number;
  /** How many nodes have it. */
  nodes = 0;
  /** One bit a slot: whether the node there has it. */
  #has: Uint32Array = new Uint32Array(4);

  constructor(sizeBytes: number) {
    this.sizeBytes = sizeBytes;
  }

  isAt(slot: number): boolean {
    return (this.#has[slot >>> 5]! & (1 << (slot & 31))) !== 0;
  }

  add(slot: number): void {
    const word = slot >>> 5;
    if (word >= this.#has.length) {
      const longer = new Uint32Array(2 * word);
      longer.set(this.#has);
      this.#has = longer;
    }
    if (this.isAt(slot)) return;
    this.#has[word]! |= 1 << (slot & 31);
    this.nodes++;
  }

  delete(slot: number): void {
    if (!this.isAt(slot)) return;
    this.#has[slot >>> 5]! &= ~(1 << (slot & 31));
    this.nodes--;
  }
}

/** Which nodes have an image. Its size is that of the node which listed it first, until no node has it any more. */
export class ImageStates {
  readonly #images: Map<string, ImageState> = new Map();
  /** Changes when some node has other images. */
  version = 0;

  add({ slot }: NodeInfo, images: ReadonlyMap<string, number>): void {
    if (images.size === 0) return;
    this.version++;
    for (const [name, sizeBytes] of images) {
      let state = this.#images.get(name);
      if (state === undefined) {
        state = new ImageState(sizeBytes);
        this.#images.set(name, state);
      }
      state.add(slot);
    }
  }

  remove({ slot }: NodeInfo, images: ReadonlyMap<string, number>): void {
    if (images.size === 0) return;
    this.version++;
    for (const name of images.keys()) {
      const state = this.#images.get(name);
      if (state === undefined) continue;
      state.delete(slot);
      if (state.nodes === 0) this.#images.delete(name);
    }
  }

  get size(): number {
    return this.#images.size;
  }

  get(name: string): ImageState | undefined {
    return this.#images.get(name);
  }
}
