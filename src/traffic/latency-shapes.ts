import { exp, log } from "../sim/index.ts";
import type { LatencyAmounts } from "./latency-amounts.ts";
import { bucketCount, bucketWidthLog, firstEdgeUs } from "./latency-histogram.ts";

/** Squared coefficients of variation are rounded to this step of their logarithm. */
const variationStep = 0.05;
const smallestVariation = 0.0004;
const largestVariation = 9;
/** Tables reach from e^-8 to e^5 times the mean. */
const first = Math.floor(-8 / bucketWidthLog);
const last = Math.ceil(5 / bucketWidthLog);
/** Cells that hold less at an end are left out when requests are spread over buckets. */
const negligible = 1e-7;

/** A gamma distribution of mean 1, tabulated on the histogram's logarithmic grid: stretched to any mean by a shift. */
export class LatencyShape {
  /** Share below e^((first + index) · bucketWidthLog). */
  readonly #below: Float64Array;
  /** Share between entry `index` and the next, from `#from` to before `#to`; sums up to 1 there. */
  readonly #between: Float64Array;
  readonly #from: number;
  readonly #to: number;
  /** Everything is below this multiple of the mean. */
  readonly #certain: number;

  /** Integrates the density of ln x, e^(k·u − k·e^u) up to a factor; below the grid e^(k·u)/k is exact enough. */
  constructor(variation: number) {
    const k = 1 / variation;
    const cells = last - first;
    const between = new Float64Array(cells);
    const below = new Float64Array(cells + 1);
    const slices = Math.max(2, Math.ceil(Math.sqrt(k) / 4));
    const width = bucketWidthLog / slices;
    const height = (u: number): number => exp(k * (1 + u - exp(u))); // 1 at its peak, u = 0.
    let total = height(first * bucketWidthLog) / k;
    below[0] = total;
    for (let cell = 0; cell < cells; cell += 1) {
      let sum = 0;
      for (let slice = 0; slice < slices; slice += 1) {
        const u = (first + cell) * bucketWidthLog + slice * width;
        sum += (width / 6) * (height(u) + 4 * height(u + width / 2) + height(u + width));
      }
      between[cell] = sum;
      total += sum;
      below[cell + 1] = total;
    }
    for (let cell = 0; cell <= cells; cell += 1) below[cell] = below[cell]! / total;
    for (let cell = 0; cell < cells; cell += 1) between[cell] = between[cell]! / total;
    let from = 0;
    while (below[from + 1]! < negligible) from += 1;
    let to = cells;
    while (1 - below[to - 1]! < negligible) to -= 1;
    between[from] = below[from + 1]!;
    between[to - 1] = 1 - below[to - 1]!;
    this.#below = below;
    this.#between = between;
    this.#from = from;
    this.#to = to;
    this.#certain = exp((first + to + 1) * bucketWidthLog);
  }

  /** The share of requests faster than `limitUs`, when the mean is `meanUs`. */
  shareBelow(meanUs: number, limitUs: number): number {
    if (limitUs >= meanUs * this.#certain) return 1;
    if (limitUs <= 0) return 0;
    const below = this.#below;
    const position = log(limitUs / meanUs) / bucketWidthLog - first;
    if (position <= 0) return 0;
    const index = Math.floor(position);
    if (index >= below.length - 1) return 1;
    return below[index]! + (position - index) * (below[index + 1]! - below[index]!);
  }

  /** The latency in microseconds that a share `p` stays below, not rounded. */
  quantileUs(meanUs: number, p: number): number {
    const below = this.#below;
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

  /** Spreads `weight` requests over buckets; none above `limitUs`, the rest scaled up for that. */
  spread(amounts: LatencyAmounts, meanUs: number, weight: number, limitUs: number): void {
    if (weight <= 0) return;
    const into = amounts.cells;
    // Entry j of the table begins at bucket position j + offset; bucket b covers positions from b - 1 to b.
    const offset = meanUs > 0 ? first + log(meanUs / firstEdgeUs) / bucketWidthLog + 1 : -bucketCount - last + first;
    const whole = Math.floor(offset);
    const late = offset - whole;
    const share = this.shareBelow(meanUs, limitUs);
    let end = bucketCount - 1;
    if (share < 1) end = Math.max(0, Math.min(end, Math.floor(log(limitUs / firstEdgeUs) / bucketWidthLog) + 1));
    const from = this.#from;
    const to = this.#to;
    if (share < 0.001 || whole + from > end) {
      into[end] = into[end]! + weight;
      amounts.note(end, end, weight);
      return;
    }
    const between = this.#between;
    const scale = weight / share;
    // Each bucket gets the late part of one cell and the early part of the next.
    const toEarly = scale * (1 - late);
    const toLate = scale * late;
    const stop = Math.min(to, end + 1 - whole);
    let index = from;
    let carried = 0;
    for (; index < stop && whole + index < 0; index += 1) into[0] = into[0]! + between[index]! * scale;
    for (; index < stop; index += 1) {
      const amount = between[index]!;
      into[whole + index] = into[whole + index]! + amount * toEarly + carried;
      carried = amount * toLate;
    }
    const rest = Math.min(end, Math.max(0, whole + stop));
    into[rest] = into[rest]! + carried;
    if (share === 1) for (; index < to; index += 1) into[end] = into[end]! + between[index]! * scale;
    amounts.note(Math.max(0, whole + from), index < to || stop < to ? end : rest, weight);
  }
}

/**
 * Latencies as gamma distributions given by mean and variance: exact for the exponential sojourn of M/M/1, close for
 * sums of stages. Made when first needed.
 */
export class LatencyShapes {
  readonly #shapes = new Map<number, LatencyShape>();

  of(meanUs: number, varianceUs2: number): LatencyShape {
    const raw = meanUs > 0 ? varianceUs2 / (meanUs * meanUs) : 1;
    const variation = Math.min(Math.max(raw, smallestVariation), largestVariation);
    const key = Math.round(log(variation) / variationStep);
    let shape = this.#shapes.get(key);
    if (shape === undefined) {
      shape = new LatencyShape(exp(key * variationStep));
      this.#shapes.set(key, shape);
    }
    return shape;
  }
}
