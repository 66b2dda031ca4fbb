/** The last scrapes of one figure; absent where there was nothing to scrape. */
export class SampledSeries {
  readonly #read: () => number | undefined;
  readonly #length: number;
  #samples: number[] = [];
  /** When somebody asked for it last, in virtual microseconds. */
  readUs = 0;

  /** `length`: how many scrapes are kept. */
  constructor(read: () => number | undefined, length: number) {
    this.#read = read;
    this.#length = length;
  }

  /** As if it had always been as it is now. */
  fill(): void {
    const value = this.#read();
    this.#samples = value === undefined ? [] : new Array<number>(this.#length).fill(value);
  }

  sample(): void {
    const value = this.#read();
    if (value === undefined) {
      this.#samples = []; // Prometheus marks the series stale at once.
      return;
    }
    if (this.#samples.length === this.#length) this.#samples.shift();
    this.#samples.push(value);
  }

  /** Over what is kept, or `undefined` with fewer scrapes than `least`. */
  mean(least: number): number | undefined {
    if (this.#samples.length < least) return undefined;
    let sum = 0;
    for (const sample of this.#samples) sum += sample;
    return sum / this.#samples.length;
  }
}
