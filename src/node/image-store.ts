import type { ImageLayer } from "../world/index.ts";
import { fullImageName } from "./image-name.ts";

/** An image on a machine's disk; instants in microseconds. */
export interface StoredImage {
  /** In full, see `fullImageName`. */
  readonly name: string;
  /** Its size as the runtime tells it: compressed. */
  readonly sizeBytes: number;
  /** What it takes on the disk, layers that others have too included. */
  readonly bytes: number;
  readonly pulledUs: number;
  /** When a container of it last started or ended. */
  lastUsedUs: number;
}

/** What an image takes on the disk, in compressed sizes: its files unpacked. Assumption. */
const unpackedFactor = 2;

/** Images on one machine's disk; they survive its reboots. A layer of several is there once. */
export class ImageStore {
  readonly #images = new Map<string, StoredImage & { readonly layers: readonly ImageLayer[] }>();
  /** How many images have each shared layer. */
  readonly #layers = new Map<string, number>();
  /** What all of them take. */
  bytes = 0;

  has(image: string): boolean {
    return this.#images.has(fullImageName(image));
  }

  all(): Iterable<StoredImage> {
    return this.#images.values();
  }

  /** What is missing of an image, compressed: nothing when it is there, all but its layers that are. */
  missing(image: string, sizeBytes: number, layers: readonly ImageLayer[]): number {
    if (this.has(image)) return 0;
    return layers.reduce((left, { name, bytes }) => (this.#layers.has(name) ? left - bytes : left), sizeBytes);
  }

  add(image: string, sizeBytes: number, layers: readonly ImageLayer[], nowUs: number): void {
    const name = fullImageName(image);
    if (this.#images.has(name)) return;
    this.bytes += this.missing(image, sizeBytes, layers) * unpackedFactor;
    const bytes = sizeBytes * unpackedFactor;
    this.#images.set(name, { name, sizeBytes, bytes, layers, pulledUs: nowUs, lastUsedUs: nowUs });
    for (const layer of layers) this.#layers.set(layer.name, (this.#layers.get(layer.name) ?? 0) + 1);
  }

  used(image: string, nowUs: number): void {
    const known = this.#images.get(fullImageName(image));
    if (known !== undefined) known.lastUsedUs = nowUs;
  }

  remove(image: string): void {
    const name = fullImageName(image);
    const known = this.#images.get(name);
    if (known === undefined) return;
    this.#images.delete(name);
    for (const layer of known.layers) {
      const others = this.#layers.get(layer.name)! - 1;
      if (others === 0) this.#layers.delete(layer.name);
      else this.#layers.set(layer.name, others);
    }
    this.bytes -= this.missing(image, known.sizeBytes, known.layers) * unpackedFactor;
  }
}
