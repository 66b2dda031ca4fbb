/** An image on a machine's disk; instants in microseconds. */
export interface StoredImage {
  readonly name: string;
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

  has(name: string): boolean {
    return this.#images.has(name);
  }

  all(): Iterable<StoredImage> {
    return this.#images.values();
  }

  add(name: string, bytes: number, nowUs: number): void {
    if (this.#images.has(name)) return;
    this.#images.set(name, { name, bytes, pulledUs: nowUs, lastUsedUs: nowUs });
    this.bytes += bytes;
  }

  used(name: string, nowUs: number): void {
    const image = this.#images.get(name);
    if (image !== undefined) image.lastUsedUs = nowUs;
  }

  remove(name: string): void {
    const image = this.#images.get(name);
    if (image === undefined) return;
    this.#images.delete(name);
    this.bytes -= image.bytes;
  }
}
