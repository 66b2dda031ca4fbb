import { exp, log } from "../sim/index.ts";
import { bucketCount, bucketWidthLog, firstEdgeUs } from "./latency-histogram.ts";

/** Squared coefficients of variation are rounded to this step of their logarithm. */
const variationStep = 0.05;
const smallestVariation = 0.0025;
const largestVariation = 9;
const logLow = -8; // Tables reach from e^-8 to e^5 times the mean.
const logHigh = 5;
const first = Math.floor(logLow / bucketWidthLog);
const last = Math.ceil(logHigh / bucketWidthLog);

/** A gamma distribution of mean 1 on the histogram's logarithmic grid. */
interface Shape {
  /** Share below e^((first + index) · bucketWidthLog). */
  readonly below: Float64Array;
  /** Share between entry `index` and the next. */
  readonly between: Float64Array;
  /** Entries before `from` and after `to` hold less than a billionth each. */
  readonly from: number;
  readonly to: number;
}

/**
 * Latencies as gamma distributions given by mean and variance: exact for the exponential sojourn of M/M/1, close for
 * sums of stages. On a logarithmic grid a change of the mean is a shift, so one table per shape serves all means.
 */
export class LatencyShapes {
  readonly #shapes = new Map<number, Shape>();

  /** The share of requests faster than `limitUs`. */
  shareBelow(meanUs: number, varianceUs2: number, limitUs: number): number {
    if (limitUs <= 0) return 0;
    if (meanUs <= 0) return 1;
    const { below } = this.#shape(meanUs, varianceUs2);
    const position = log(limitUs / meanUs) / bucketWidthLog - first;
    if (position <= 0) return 0;
    const index = Math.floor(position);
    if (index >= below.length - 1) return 1;
    return below[index]! + (position - index) * (below[index + 1]! - below[index]!);
  }

  /** The latency in microseconds that a share `p` stays below, not rounded. */
  quantileUs(meanUs: number, varianceUs2: number, p: number): number {
    if (meanUs <= 0) return 0;
    const { below } = this.#shape(meanUs, varianceUs2);
    let low = 0;
    let high = below.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (below[middle]! <= p) low = middle;
      else high = middle;
    }
    const step = below[high]! - below[low]!;
    const position = low + (step > 0 ? Math.min(1, Math.max(0, (p - below[low]!) / step)) : 0);
    return meanUs * exp((first + position) * bucketWidthLog);
  }

  /** Spreads `weight` requests over the buckets of `into`; those above `limitUs` are left out and the rest scaled up. */
  spread(into: Float64Array, meanUs: number, varianceUs2: number, weight: number, limitUs: number): void {
    if (meanUs <= 0) {
      into[0] = into[0]! + weight;
      return;
    }
    const { between, from, to } = this.#shape(meanUs, varianceUs2);
    // Entry j of the table begins at bucket position j + offset; bucket b covers positions (b - 1, b].
    const offset = first + log(meanUs / firstEdgeUs) / bucketWidthLog + 1;
    const whole = Math.floor(offset);
    const part = offset - whole;
    const end = Math.min(bucketCount - 1, Math.floor(log(limitUs / firstEdgeUs) / bucketWidthLog) + 1);
    const share = this.shareBelow(meanUs, varianceUs2, limitUs);
    const scale = weight / (share > 0.001 ? share : 1);
    for (let index = from; index <= to; index += 1) {
      const amount = between[index]! * scale;
      const bucket = whole + index;
      const low = bucket < 0 ? 0 : bucket > end ? end : bucket;
      const high = bucket + 1 < 0 ? 0 : bucket + 1 > end ? end : bucket + 1;
      if (bucket <= end || share <= 0.001) into[low] = into[low]! + amount * (1 - part);
      if (bucket + 1 <= end || share <= 0.001) into[high] = into[high]! + amount * part;
    }
  }

  #shape(meanUs: number, varianceUs2: number): Shape {
    const variation = Math.min(Math.max(varianceUs2 / (meanUs * meanUs), smallestVariation), largestVariation);
    const key = Math.round(log(variation) / variationStep);
    let shape = this.#shapes.get(key);
    if (shape === undefined) {
      shape = gammaShape(exp(-key * variationStep));
      this.#shapes.set(key, shape);
    }
    return shape;
  }
}

/** Integrates the density of ln x, e^(k·u − k·e^u) up to a factor, over the grid; below it, e^(k·u)/k is exact enough. */
function gammaShape(k: number): Shape {
  const cells = last - first;
  const between = new Float64Array(cells);
  const below = new Float64Array(cells + 1);
  const slices = Math.max(2, Math.ceil(Math.sqrt(k)));
  const height = (u: number): number => exp(k * (1 + u - exp(u))); // 1 at its peak, u = 0.
  let total = exp(k * (1 + first * bucketWidthLog)) / k;
  below[0] = total;
  for (let cell = 0; cell < cells; cell += 1) {
    const width = bucketWidthLog / slices;
    let sum = 0;
    for (let slice = 0; slice < slices; slice += 1) {
      const u = (first + cell) * bucketWidthLog + slice * width;
      sum += (width / 6) * (height(u) + 4 * height(u + width / 2) + height(u + width));
    }
    between[cell] = sum;
    total += sum;
    below[cell + 1] = total;
  }
  let from = cells - 1;
  let to = 0;
  for (let cell = 0; cell < cells; cell += 1) {
    between[cell] = between[cell]! / total;
    if (between[cell]! < 1e-9) continue;
    from = Math.min(from, cell);
    to = cell;
  }
  for (let cell = 0; cell <= cells; cell += 1) below[cell] = below[cell]! / total;
  between[from] = between[from]! + below[from]!; // What is faster than the table's first kept entry falls into it.
  return { below, between, from, to };
}
