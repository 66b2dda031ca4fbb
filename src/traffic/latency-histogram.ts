import { exp } from "../sim/index.ts";

/** Buckets a decade of latency is cut into: each is 5.02 % wide. */
export const bucketsPerDecade = 47;
/** Width of a bucket as a natural logarithm. */
export const bucketWidthLog = Math.LN10 / bucketsPerDecade;
/** The first edge, in microseconds: whatever is faster falls into bucket 0. */
export const firstEdgeUs = 100;
const decades = 6;
/** One below 100 µs, 282 up to 100 s, one above. */
export const bucketCount = bucketsPerDecade * decades + 2;

/** Upper edges of all buckets in whole microseconds; the last bucket has none. */
export const bucketEdgesUs: readonly number[] = Array.from({ length: bucketCount - 1 }, (_, index) =>
  Math.round(firstEdgeUs * exp(index * bucketWidthLog)),
);

const noCounts = new Float64Array(0);
/** Room is made for so many buckets at a time: most histograms fill a few dozen neighbors. */
const roomStep = 16;

/** Counts of requests by latency: whole numbers, so histograms of any stretches add up without loss. */
export class LatencyHistogram {
  /** Of buckets from `#first` on; what lies outside is empty. */
  #counts: Float64Array = noCounts;
  #first = 0;
  #total = 0;
  /** Buckets outside of these are empty. */
  #low = bucketCount;
  #high = -1;

  get total(): number {
    return this.#total;
  }

  add(bucket: number, count: number): void {
    this.#widen(bucket, bucket);
    this.#counts[bucket - this.#first]! += count;
    this.#total += count;
  }

  merge(other: LatencyHistogram): void {
    if (other.#high < other.#low) return;
    this.#widen(other.#low, other.#high);
    const counts = this.#counts;
    const shift = other.#first - this.#first;
    for (let index = other.#low - other.#first; index <= other.#high - other.#first; index += 1) {
      counts[index + shift]! += other.#counts[index]!;
    }
    this.#total += other.#total;
  }

  /** That share of another's counts, which need not be whole numbers then. */
  mergeShare(other: LatencyHistogram, share: number): void {
    if (other.#high < other.#low) return;
    this.#widen(other.#low, other.#high);
    const counts = this.#counts;
    const shift = other.#first - this.#first;
    for (let index = other.#low - other.#first; index <= other.#high - other.#first; index += 1) {
      const count = other.#counts[index]! * share;
      counts[index + shift]! += count;
      this.#total += count;
    }
  }

  clear(): void {
    this.#counts.fill(0);
    this.#total = 0;
    this.#low = bucketCount;
    this.#high = -1;
  }

  /** The latency in whole microseconds that a share `p` of requests stays below, even within its bucket; 0 when empty. */
  quantileUs(p: number): number {
    const wanted = p * this.#total;
    let below = 0;
    for (let bucket = this.#low; bucket <= this.#high; bucket += 1) {
      const count = this.#counts[bucket - this.#first]!;
      if (count > 0 && below + count >= wanted) {
        const low = bucket === 0 ? 0 : bucketEdgesUs[bucket - 1]!;
        const high = bucketEdgesUs[Math.min(bucket, bucketCount - 2)]!;
        return Math.round(low + (high - low) * ((wanted - below) / count));
      }
      below += count;
    }
    return 0;
  }

  /** The mean in microseconds, every request taken at the middle of its bucket. */
  meanUs(): number {
    let sum = 0;
    for (let bucket = this.#low; bucket <= this.#high; bucket += 1) {
      const low = bucket === 0 ? 0 : bucketEdgesUs[bucket - 1]!;
      const high = bucketEdgesUs[Math.min(bucket, bucketCount - 2)]!;
      sum += (this.#counts[bucket - this.#first]! * (low + high)) / 2;
    }
    return this.#total === 0 ? 0 : sum / this.#total;
  }

  /** Counts may follow in these buckets. */
  #widen(low: number, high: number): void {
    const counts = this.#counts;
    if (low < this.#first || high >= this.#first + counts.length) {
      const first = Math.floor(Math.min(low, this.#low) / roomStep) * roomStep;
      const end = Math.ceil((Math.max(high, this.#high) + 1) / roomStep) * roomStep;
      this.#counts = new Float64Array(end - first);
      const held = counts.subarray(this.#low - this.#first, this.#high - this.#first + 1);
      if (held.length > 0) this.#counts.set(held, this.#low - first);
      this.#first = first;
    }
    this.#low = Math.min(this.#low, low);
    this.#high = Math.max(this.#high, high);
  }
}
