import { containerCount, imagesOf, scoreOfBytes, spreadBytes } from "../plugins/image-locality.ts";
import type { ImageState } from "../snapshot/image-states.ts";
import type { PodInfo } from "../snapshot/pod-info.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";

/** So many sets of images are remembered. */
const mostSets = 4096;

/** ImageLocality of a profile, for the cycle with a memory. */
export class ImageLocality {
  readonly #snapshot: Snapshot;
  readonly #weight: number;
  readonly #sets: Map<string, ImageScores> = new Map();

  /** `weight` 0: the profile does not score by images. */
  constructor(snapshot: Snapshot, weight: number) {
    this.#snapshot = snapshot;
    this.#weight = weight;
  }

  /** Scores of nodes for the pod; none when all are 0. */
  scoresFor({ pod: { spec } }: PodInfo): ImageScores | undefined {
    if (this.#weight === 0 || this.#snapshot.images.size === 0) return undefined;
    const names = imagesOf(spec);
    const containers = containerCount(spec);
    const key = `${containers} ${names.join(" ")}`;
    let scores = this.#sets.get(key);
    if (scores === undefined) {
      if (this.#sets.size >= mostSets) this.#sets.clear();
      scores = new ImageScores(this.#snapshot, this.#weight, names, containers);
      this.#sets.set(key, scores);
    }
    scores.catchUp();
    return scores.nothing ? undefined : scores;
  }
}

/**
 * Scores of ImageLocality for pods of the same images. They depend on how many nodes have an image, and so change for all nodes
 * with every pull: they are no part of what is remembered of a node, but a few sums over bits.
 */
class ImageScores {
  readonly #snapshot: Snapshot;
  readonly #weight: number;
  readonly #names: readonly string[];
  readonly #containers: number;
  #version = -1;
  #nodeCount = -1;
  /** Images that some node has, and what each adds to the sum of a node that has it. */
  readonly #states: ImageState[] = [];
  readonly #bytes: number[] = [];
  /** No node has enough of them to score. */
  nothing = true;

  constructor(snapshot: Snapshot, weight: number, names: readonly string[], containers: number) {
    this.#snapshot = snapshot;
    this.#weight = weight;
    this.#names = names;
    this.#containers = containers;
  }

  /** Takes in which nodes there are and what they have. */
  catchUp(): void {
    const { images, nodeCount } = this.#snapshot;
    if (images.version === this.#version && nodeCount === this.#nodeCount) return;
    this.#version = images.version;
    this.#nodeCount = nodeCount;
    this.#states.length = 0;
    this.#bytes.length = 0;
    let sum = 0;
    for (const name of this.#names) {
      const state = images.get(name);
      if (state === undefined) continue;
      this.#states.push(state);
      const bytes = spreadBytes(state, nodeCount);
      this.#bytes.push(bytes);
      sum += bytes;
    }
    this.nothing = scoreOfBytes(sum, this.#containers) === 0;
  }

  /** The score of the node in that slot, times the plugin's weight. */
  at(slot: number): number {
    let sum = 0;
    for (let index = 0; index < this.#states.length; index++) {
      if (this.#states[index]!.isAt(slot)) sum += this.#bytes[index]!;
    }
    return sum === 0 ? 0 : this.#weight * scoreOfBytes(sum, this.#containers);
  }
}
