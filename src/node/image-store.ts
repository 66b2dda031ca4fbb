import { fullImageName } from "./image-name.ts";

/** An image on a machine's disk; instants in microseconds. */
export interface StoredImage {
  /** In full, see `fullImageName`. */
  readonly name: string;
  /** Its size as the runtime tells it: compressed. */
  readonly sizeBytes: number;
  /** What it takes on the disk. */
  readonly bytes: number;
  readonly pulledUs: number;
  /** When a container of it last started or ended. */
  lastUsedUs: number;
}

/** Images on one machine's disk; they survive its reboots. */
export class ImageStore {
  readonly #images = new Map<string, StoredImage>();
  /** What all of them take. */
  bytes = 0;

  has(image: string): boolean {
    return this.#images.has(fullImageName(image));
  }

  all(): Iterable<StoredImage> {
    return this.#images.values();
  }

  add(
    image: string,
    { sizeBytes, bytes }: { readonly sizeBytes: number; readonly bytes: number },
    nowUs: number,
  ): void {
    const name = fullImageName(image);
    if (this.#images.has(name)) return;
    this.#images.set(name, { name, sizeBytes, bytes, pulledUs: nowUs, lastUsedUs: nowUs });
    this.bytes += bytes;
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
    this.bytes -= known.bytes;
  }
}
