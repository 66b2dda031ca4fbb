import { bucketCount } from "./latency-histogram.ts";

/** Amounts of requests by latency bucket, fractions included, with the range of buckets that hold any. */
export class LatencyAmounts {
  readonly cells = new Float64Array(bucketCount);
  sum = 0;
  low = bucketCount;
  high = -1;

  /** Says that buckets from `low` to `high` have got some of `weight` requests. */
  note(low: number, high: number, weight: number): void {
    if (low < this.low) this.low = low;
    if (high > this.high) this.high = high;
    this.sum += weight;
  }

  clear(): void {
    if (this.high >= this.low) this.cells.fill(0, this.low, this.high + 1);
    this.sum = 0;
    this.low = bucketCount;
    this.high = -1;
  }
}
