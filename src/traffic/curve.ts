import { exp, log, sin } from "../sim/index.ts";

/**
 * A load curve as data: requests per second over virtual time in microseconds. Pure, and cut into pieces in which it is
 * taken as constant: see `nextBreakAfter`.
 */
export type Curve =
  | { readonly kind: "constant"; readonly perSecond: number }
  /** Measured or written points, ascending. `hold` keeps each value until the next (steps); both ends are held for ever. */
  | {
      readonly kind: "samples";
      readonly atUs: readonly number[];
      readonly perSecond: readonly number[];
      readonly between: "hold" | "linear";
    }
  | {
      readonly kind: "ramp";
      readonly fromUs: number;
      readonly toUs: number;
      readonly from: number;
      readonly to: number;
    }
  | {
      readonly kind: "sine";
      readonly mean: number;
      readonly amplitude: number;
      readonly periodUs: number;
      readonly peakAtUs: number;
    }
  /** `before` until `atUs`, then a jump to `peak` that fades towards `towards` with the given time constant. */
  | {
      readonly kind: "decay";
      readonly atUs: number;
      readonly before: number;
      readonly peak: number;
      readonly towards: number;
      readonly timeConstantUs: number;
    }
  | { readonly kind: "sum"; readonly of: readonly Curve[] }
  | { readonly kind: "product"; readonly of: readonly Curve[] }
  /** `base + scale · curve`. */
  | { readonly kind: "scaled"; readonly curve: Curve; readonly scale: number; readonly base: number };

/**
 * The declared error of cutting a smooth curve: within one piece the rate stays within this share of the curve's own
 * middle value (of a ramp or between two samples: their middle; of a sine: its mean; of a decay: the middle of its ends).
 */
const curveTolerance = 0.02;

const twoPi = 6.283185307179586;
const halfPi = 1.5707963267948966;

/** Requests per second at an instant; never negative, whatever the parts say. */
export function rateAt(curve: Curve, atUs: number): number {
  return Math.max(0, valueAt(curve, atUs));
}

/** The mean rate over [fromUs, toUs), in requests per second: exact for the basic shapes and for sums of them. */
export function meanOver(curve: Curve, fromUs: number, toUs: number): number {
  return Math.max(0, toUs > fromUs ? integral(curve, fromUs, toUs) / (toUs - fromUs) : valueAt(curve, fromUs));
}

/**
 * The end of the piece that holds `atUs`: the next instant, later than it, at which the rate jumps or has drifted by the
 * declared tolerance. Infinity when nothing changes any more. A whole number of microseconds.
 */
export function nextBreakAfter(curve: Curve, atUs: number): number {
  switch (curve.kind) {
    case "constant":
      return Number.POSITIVE_INFINITY;
    case "samples":
      return nextSampleBreak(curve, atUs);
    case "ramp":
      return nextRampBreak(curve.fromUs, curve.toUs, curve.from, curve.to, atUs);
    case "sine":
      return nextSineBreak(curve, atUs);
    case "decay":
      return nextDecayBreak(curve, atUs);
    case "sum":
    case "product": {
      let next = Number.POSITIVE_INFINITY;
      for (const part of curve.of) next = Math.min(next, nextBreakAfter(part, atUs));
      return next;
    }
    case "scaled":
      return curve.scale === 0 ? Number.POSITIVE_INFINITY : nextBreakAfter(curve.curve, atUs);
  }
}

/** What is wrong with a curve, each as one sentence; empty when nothing is. */
export function curveProblems(curve: Curve): string[] {
  switch (curve.kind) {
    case "constant":
      return curve.perSecond >= 0 ? [] : [`a constant rate is at least 0, got ${curve.perSecond}`];
    case "samples":
      return sampleProblems(curve);
    case "ramp":
      return [
        ...(curve.toUs > curve.fromUs ? [] : ["a ramp ends after it begins"]),
        ...(curve.from >= 0 && curve.to >= 0 ? [] : ["a ramp leads from and to rates of at least 0"]),
      ];
    case "sine":
      return [
        ...(curve.periodUs >= 1 ? [] : ["a sine has a period above 0"]),
        ...(Math.abs(curve.amplitude) <= curve.mean ? [] : ["a sine's amplitude is at most its mean"]),
      ];
    case "decay":
      return [
        ...(curve.timeConstantUs > 0 ? [] : ["a decay has a time constant above 0"]),
        ...(Math.min(curve.before, curve.peak, curve.towards) >= 0 ? [] : ["a decay has rates of at least 0"]),
      ];
    case "sum":
    case "product":
      return curve.of.length === 0 ? [`a ${curve.kind} has parts`] : curve.of.flatMap(curveProblems);
    case "scaled":
      return curveProblems(curve.curve);
  }
}

type Samples = Extract<Curve, { kind: "samples" }>;
type Sine = Extract<Curve, { kind: "sine" }>;
type Decay = Extract<Curve, { kind: "decay" }>;

function valueAt(curve: Curve, atUs: number): number {
  switch (curve.kind) {
    case "constant":
      return curve.perSecond;
    case "samples":
      return sampleAt(curve, atUs);
    case "ramp":
      return rampAt(curve.fromUs, curve.toUs, curve.from, curve.to, atUs);
    case "sine":
      return curve.mean + curve.amplitude * sin(sineAngle(curve, atUs) + halfPi);
    case "decay":
      return atUs < curve.atUs
        ? curve.before
        : curve.towards + (curve.peak - curve.towards) * exp(-(atUs - curve.atUs) / curve.timeConstantUs);
    case "sum": {
      let sum = 0;
      for (const part of curve.of) sum += valueAt(part, atUs);
      return sum;
    }
    case "product": {
      let product = 1;
      for (const part of curve.of) product *= valueAt(part, atUs);
      return product;
    }
    case "scaled":
      return curve.base + curve.scale * valueAt(curve.curve, atUs);
  }
}

/** Rate times microseconds over an interval. */
function integral(curve: Curve, fromUs: number, toUs: number): number {
  switch (curve.kind) {
    case "constant":
      return curve.perSecond * (toUs - fromUs);
    case "samples":
      return sampleIntegral(curve, fromUs, toUs);
    case "ramp":
      return rampIntegral(curve.fromUs, curve.toUs, curve.from, curve.to, fromUs, toUs);
    case "sine": {
      const wave = sin(sineAngle(curve, toUs)) - sin(sineAngle(curve, fromUs));
      return curve.mean * (toUs - fromUs) + (curve.amplitude * wave * curve.periodUs) / twoPi;
    }
    case "decay":
      return decayIntegral(curve, fromUs, toUs);
    case "sum": {
      let sum = 0;
      for (const part of curve.of) sum += integral(part, fromUs, toUs);
      return sum;
    }
    case "product":
      return productIntegral(curve, fromUs, toUs);
    case "scaled":
      return curve.base * (toUs - fromUs) + curve.scale * integral(curve.curve, fromUs, toUs);
  }
}

/** The last sample at or before an instant; -1 before the first. */
function sampleIndex(atUs: readonly number[], instantUs: number): number {
  let low = -1;
  let high = atUs.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (atUs[middle]! <= instantUs) low = middle;
    else high = middle - 1;
  }
  return low;
}

function sampleAt({ atUs, perSecond, between }: Samples, instantUs: number): number {
  const index = sampleIndex(atUs, instantUs);
  if (index < 0) return perSecond[0]!;
  if (between === "hold" || index === atUs.length - 1) return perSecond[index]!;
  return rampAt(atUs[index]!, atUs[index + 1]!, perSecond[index]!, perSecond[index + 1]!, instantUs);
}

function sampleIntegral({ atUs, perSecond, between }: Samples, fromUs: number, toUs: number): number {
  let index = sampleIndex(atUs, fromUs);
  let cursor = fromUs;
  let sum = 0;
  while (cursor < toUs) {
    const last = index === atUs.length - 1;
    const end = last ? toUs : Math.min(toUs, atUs[index + 1]!);
    if (between === "hold" || last || index < 0) sum += perSecond[Math.max(index, 0)]! * (end - cursor);
    else {
      sum += rampIntegral(atUs[index]!, atUs[index + 1]!, perSecond[index]!, perSecond[index + 1]!, cursor, end);
    }
    cursor = end;
    index += 1;
  }
  return sum;
}

/** Equal neighbours are one piece: a quiet stretch of samples costs no events. */
function nextSampleBreak({ atUs, perSecond, between }: Samples, instantUs: number): number {
  let index = sampleIndex(atUs, instantUs);
  if (between === "linear" && index >= 0 && index < atUs.length - 1 && perSecond[index] !== perSecond[index + 1]) {
    return nextRampBreak(atUs[index]!, atUs[index + 1]!, perSecond[index]!, perSecond[index + 1]!, instantUs);
  }
  const value = perSecond[Math.max(index, 0)]!;
  while (index < atUs.length - 1) {
    index += 1;
    if (perSecond[index] !== value)
      return between === "hold" ? atUs[index]! : Math.max(atUs[index - 1]!, instantUs + 1);
  }
  return Number.POSITIVE_INFINITY;
}

function sampleProblems({ atUs, perSecond }: Samples): string[] {
  if (atUs.length === 0 || atUs.length !== perSecond.length)
    return ["samples have as many instants as rates, at least one"];
  const problems: string[] = [];
  for (let index = 1; index < atUs.length; index += 1) {
    if (!(atUs[index]! > atUs[index - 1]!)) problems.push(`samples ascend in time, but not at sample ${index}`);
  }
  for (let index = 0; index < perSecond.length; index += 1) {
    if (!(perSecond[index]! >= 0)) problems.push(`rates are at least 0, got ${perSecond[index]} at sample ${index}`);
  }
  return problems;
}

function rampAt(fromUs: number, toUs: number, from: number, to: number, atUs: number): number {
  if (atUs <= fromUs) return from;
  if (atUs >= toUs) return to;
  return from + ((to - from) * (atUs - fromUs)) / (toUs - fromUs);
}

function rampIntegral(fromUs: number, toUs: number, from: number, to: number, startUs: number, endUs: number): number {
  const before = Math.max(0, Math.min(endUs, fromUs) - startUs);
  const after = Math.max(0, endUs - Math.max(startUs, toUs));
  const start = Math.min(Math.max(startUs, fromUs), toUs);
  const end = Math.min(Math.max(endUs, fromUs), toUs);
  const middle = rampAt(fromUs, toUs, from, to, (start + end) / 2);
  return before * from + middle * (end - start) + after * to;
}

function nextRampBreak(fromUs: number, toUs: number, from: number, to: number, atUs: number): number {
  if (atUs >= toUs || from === to) return Number.POSITIVE_INFINITY;
  if (atUs < fromUs) return fromUs;
  const pieces = Math.max(1, Math.ceil(Math.abs(to - from) / (curveTolerance * Math.abs(from + to))));
  const lengthUs = (toUs - fromUs) / pieces;
  let next = Math.floor((atUs - fromUs) / lengthUs) + 1;
  while (Math.ceil(fromUs + next * lengthUs) <= atUs) next += 1;
  return Math.min(toUs, Math.ceil(fromUs + next * lengthUs));
}

/** The angle since the last peak, kept small so that the sine is exact on the thousandth day, too. */
function sineAngle({ periodUs, peakAtUs }: Sine, atUs: number): number {
  const turns = (atUs - peakAtUs) / periodUs;
  return twoPi * (turns - Math.floor(turns));
}

function nextSineBreak({ mean, amplitude, periodUs, peakAtUs }: Sine, atUs: number): number {
  if (amplitude === 0) return Number.POSITIVE_INFINITY;
  const steepness = (twoPi * Math.abs(amplitude)) / Math.max(mean, Math.abs(amplitude));
  const pieceUs = periodUs / Math.max(8, Math.ceil(steepness / (2 * curveTolerance)));
  let next = Math.floor((atUs - peakAtUs) / pieceUs) + 1;
  while (Math.ceil(peakAtUs + next * pieceUs) <= atUs) next += 1;
  return Math.ceil(peakAtUs + next * pieceUs);
}

function decayIntegral(curve: Decay, fromUs: number, toUs: number): number {
  const { atUs, before, peak, towards, timeConstantUs } = curve;
  const start = Math.max(fromUs, atUs);
  const flat = before * Math.max(0, Math.min(toUs, atUs) - fromUs);
  if (toUs <= atUs) return flat;
  const faded = exp(-(start - atUs) / timeConstantUs) - exp(-(toUs - atUs) / timeConstantUs);
  return flat + towards * (toUs - start) + (peak - towards) * timeConstantUs * faded;
}

/** Cuts at equal steps of the value; the last step is left to fade unnoticed. */
function nextDecayBreak({ atUs, peak, towards, timeConstantUs }: Decay, instantUs: number): number {
  if (instantUs < atUs) return atUs;
  const step = (curveTolerance * Math.abs(peak + towards)) / Math.abs(peak - towards);
  let piece = Math.floor((1 - exp(-(instantUs - atUs) / timeConstantUs)) / step) + 1;
  for (; piece * step < 1; piece += 1) {
    const next = Math.ceil(atUs - timeConstantUs * log(1 - piece * step));
    if (next > instantUs) return next;
  }
  return Number.POSITIVE_INFINITY;
}

const gaussPoint = 0.7745966692414834; // sqrt(3/5): three points are exact up to the fifth power.

function productIntegral(curve: Curve, fromUs: number, toUs: number): number {
  let sum = 0;
  for (let start = fromUs; start < toUs; ) {
    const end = Math.min(toUs, nextBreakAfter(curve, start), start + smoothUs(curve, start));
    const middle = (start + end) / 2;
    const reach = (gaussPoint * (end - start)) / 2;
    const sides = valueAt(curve, middle - reach) + valueAt(curve, middle + reach);
    sum += ((5 * sides + 8 * valueAt(curve, middle)) / 18) * (end - start);
    start = end;
  }
  return sum;
}

/** How far a curve may be integrated at once: what fades after its last break still bends for a while. */
function smoothUs(curve: Curve, atUs: number): number {
  switch (curve.kind) {
    case "decay":
      return atUs < curve.atUs + 40 * curve.timeConstantUs ? curve.timeConstantUs / 2 : Number.POSITIVE_INFINITY;
    case "sum":
    case "product":
      return Math.min(...curve.of.map((part) => smoothUs(part, atUs)));
    case "scaled":
      return smoothUs(curve.curve, atUs);
    default:
      return Number.POSITIVE_INFINITY;
  }
}
