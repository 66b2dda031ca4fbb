import { exp, log } from "./portable-math.ts";
import type { RandomStream } from "./random-stream.ts";

/**
 * How long something takes, in integer microseconds. `median` and `p95` give a lognormal; where both are equal, or only
 * `median` is known, the duration is constant. `floorUs` cuts from below.
 */
export interface Distribution {
  readonly medianUs: number;
  readonly p95Us?: number;
  readonly floorUs?: number;
}

const z95 = 1.6448536269514722;

export function constant(medianUs: number): Distribution {
  return { medianUs };
}

/** One draw, rounded to whole microseconds, at least `floorUs` (default 0). Takes exactly one number from the stream. */
export function draw({ medianUs, p95Us = medianUs, floorUs = 0 }: Distribution, random: RandomStream): number {
  const uniform = random();
  return Math.max(floorUs, Math.round(quantile({ medianUs, p95Us }, uniform)));
}

/** The duration that a share `p` (0 < p < 1) of all draws stays below, in microseconds, not rounded. */
export function quantile({ medianUs, p95Us = medianUs }: Distribution, p: number): number {
  if (medianUs <= 0 || p95Us <= medianUs) return medianUs;
  const sigma = log(p95Us / medianUs) / z95;
  return medianUs * exp(sigma * normalQuantile(p));
}

/** The mean in microseconds; a lognormal's lies above its median. */
export function mean({ medianUs, p95Us = medianUs }: Distribution): number {
  if (medianUs <= 0 || p95Us <= medianUs) return medianUs;
  const sigma = log(p95Us / medianUs) / z95;
  return medianUs * exp((sigma * sigma) / 2);
}

/** An exponentially distributed duration with the given mean, in integer microseconds. */
export function drawExponential(meanUs: number, random: RandomStream): number {
  return Math.round(-meanUs * log(1 - random()));
}

/** Inverse of the standard normal distribution (Acklam's rational approximation, relative error below 1.2e-9). */
function normalQuantile(p: number): number {
  const clamped = Math.min(Math.max(p, 1e-12), 1 - 1e-12);
  if (clamped < 0.02425) return tail(Math.sqrt(-2 * log(clamped)));
  if (clamped > 1 - 0.02425) return -tail(Math.sqrt(-2 * log(1 - clamped)));
  const q = clamped - 0.5;
  const r = q * q;
  const numerator = horner(
    r,
    [
      -39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716,
      2.506628277459239,
    ],
  );
  const denominator = horner(
    r,
    [-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572, 1],
  );
  return (q * numerator) / denominator;
}

function tail(q: number): number {
  const numerator = horner(
    q,
    [
      -0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968,
      2.938163982698783,
    ],
  );
  return numerator / horner(q, [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416, 1]);
}

function horner(x: number, coefficients: readonly number[]): number {
  let sum = 0;
  for (const coefficient of coefficients) sum = sum * x + coefficient;
  return sum;
}
