interface ImageState {
  readonly sizeBytes: number;
  readonly nodes: Set<string>;
}

/** Which nodes have an image. Its size is that of the node which listed it first, until no node has it any more. */
export class ImageStates {
  readonly #images: Map<string, ImageState> = new Map();

  add(nodeName: string, images: ReadonlyMap<string, number>): void {
    for (const [name, sizeBytes] of images) {
      const state = this.#images.get(name);
      if (state === undefined) this.#images.set(name, { sizeBytes, nodes: new Set([nodeName]) });
      else state.nodes.add(nodeName);
    }
  }

  remove(nodeName: string, images: ReadonlyMap<string, number>): void {
    for (const name of images.keys()) {
      const state = this.#images.get(name);
      if (state === undefined) continue;
      state.nodes.delete(nodeName);
      if (state.nodes.size === 0) this.#images.delete(name);
    }
  }

  get size(): number {
    return this.#images.size;
  }

  get(name: string): { readonly sizeBytes: number; readonly nodes: ReadonlySet<string> } | undefined {
    return this.#images.get(name);
  }
}
