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

/** Counts of requests by latency: whole numbers, so histograms of any stretches add up without loss. */
export class LatencyHistogram {
  readonly counts = new Float64Array(bucketCount);
  #total = 0;
  /** Buckets outside of these are empty. */
  #low = bucketCount;
  #high = -1;

  get total(): number {
    return this.#total;
  }

  add(bucket: number, count: number): void {
    this.counts[bucket] = this.counts[bucket]! + count;
    this.#total += count;
    this.#low = Math.min(this.#low, bucket);
    this.#high = Math.max(this.#high, bucket);
  }

  merge(other: LatencyHistogram): void {
    for (let bucket = other.#low; bucket <= other.#high; bucket += 1) {
      this.counts[bucket] = this.counts[bucket]! + other.counts[bucket]!;
    }
    this.#total += other.#total;
    this.#low = Math.min(this.#low, other.#low);
    this.#high = Math.max(this.#high, other.#high);
  }

  clear(): void {
    for (let bucket = this.#low; bucket <= this.#high; bucket += 1) this.counts[bucket] = 0;
    this.#total = 0;
    this.#low = bucketCount;
    this.#high = -1;
  }

  /** The latency in whole microseconds that a share `p` of requests stays below, even within its bucket; 0 when empty. */
  quantileUs(p: number): number {
    const wanted = p * this.#total;
    let below = 0;
    for (let bucket = this.#low; bucket <= this.#high; bucket += 1) {
      const count = this.counts[bucket]!;
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
    for (let bucket = 0; bucket < bucketCount; bucket += 1) {
      const low = bucket === 0 ? 0 : bucketEdgesUs[bucket - 1]!;
      const high = bucketEdgesUs[Math.min(bucket, bucketCount - 2)]!;
      sum += (this.counts[bucket]! * (low + high)) / 2;
    }
    return this.#total === 0 ? 0 : sum / this.#total;
  }
}
