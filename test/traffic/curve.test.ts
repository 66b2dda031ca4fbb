import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Curve, curveProblems, meanOver, nextBreakAfter, rateAt } from "../../src/traffic/index.ts";
import { second } from "./stage.ts";

const hour = 3600 * second;
const never = Number.POSITIVE_INFINITY;
const steps: Curve = { kind: "samples", atUs: [0, 10, 20, 30], perSecond: [5, 5, 8, 2], between: "hold" };
const lines: Curve = { kind: "samples", atUs: [0, 100, 200], perSecond: [10, 20, 20], between: "linear" };
const sine: Curve = { kind: "sine", mean: 100, amplitude: 50, periodUs: 24 * hour, peakAtUs: 15 * hour };
const spike: Curve = { kind: "decay", atUs: hour, before: 10, peak: 500, towards: 20, timeConstantUs: 600 * second };

describe("curves", () => {
  it.each<[string, Curve, number, number]>([
    ["a constant", { kind: "constant", perSecond: 7 }, 123, 7],
    ["held samples before the first", steps, -5, 5],
    ["held samples at a sample", steps, 20, 8],
    ["held samples after the last", steps, 1000, 2],
    ["linear samples between two", lines, 50, 15],
    ["a ramp before it begins", { kind: "ramp", fromUs: 10, toUs: 20, from: 1, to: 3 }, 0, 1],
    ["a ramp half way", { kind: "ramp", fromUs: 10, toUs: 20, from: 1, to: 3 }, 15, 2],
    ["a sine at its peak", sine, 15 * hour, 150],
    ["a sine a thousand days later", sine, 15 * hour + 24_000 * hour, 150],
    ["a sine half a day off", sine, 3 * hour, 50],
    ["a decay before", spike, 0, 10],
    ["a decay at its start", spike, hour, 500],
    ["a decay after a time constant", spike, hour + 600 * second, 20 + 480 / Math.E],
    ["a sum", { kind: "sum", of: [steps, lines] }, 20, 20],
    ["a product", { kind: "product", of: [steps, lines] }, 20, 96],
    ["a scaled curve", { kind: "scaled", curve: steps, scale: 3, base: 100 }, 20, 124],
    ["a curve scaled below zero", { kind: "scaled", curve: steps, scale: -3, base: 0 }, 20, 0],
  ])("gives the rate of %s", (_name, curve, atUs, perSecond) => {
    expect(rateAt(curve, atUs)).toBeCloseTo(perSecond, 9);
  });

  it.each<[string, Curve, number, number]>([
    ["equal neighbours are one piece", steps, 0, 20],
    ["the last sample holds for ever", steps, 30, never],
    ["a constant never changes", { kind: "constant", perSecond: 1 }, 5, never],
    ["a flat end of a line never changes", lines, 100, never],
    ["a ramp begins", { kind: "ramp", fromUs: 10, toUs: 20, from: 1, to: 3 }, 0, 10],
    ["a decay begins", spike, 0, hour],
    ["the earliest of a sum's parts", { kind: "sum", of: [steps, spike] }, 0, 20],
    ["a factor of 0 stills it", { kind: "scaled", curve: spike, scale: 0, base: 1 }, 0, never],
  ])("knows the next break: %s", (_name, curve, atUs, nextUs) => {
    expect(nextBreakAfter(curve, atUs)).toBe(nextUs);
  });

  it.each<[string, Curve, number]>([
    ["a day of a sine", sine, 200],
    ["a tenfold ramp", { kind: "ramp", fromUs: 0, toUs: hour, from: 20, to: 200 }, 60],
    ["a spike that fades", spike, 50],
  ])("cuts %s into at most %i pieces", (_name, curve, most) => {
    expect(breaksOf(curve, 0, 24 * hour).length).toBeLessThanOrEqual(most);
  });

  it.each<[string, Curve]>([
    ["a sine", sine],
    ["a ramp", { kind: "ramp", fromUs: 0, toUs: hour, from: 20, to: 200 }],
    ["a spike", spike],
  ])("keeps every piece of %s within the declared tolerance", (_name, curve) => {
    const scale = curve.kind === "ramp" ? 110 : curve.kind === "sine" ? 100 : 260;
    const breaks = breaksOf(curve, 0, 24 * hour);
    breaks.forEach((fromUs, index) => {
      const toUs = breaks[index + 1] ?? 24 * hour;
      const mean = meanOver(curve, fromUs, toUs);
      for (const atUs of [fromUs, (fromUs + toUs) / 2, toUs - 1]) {
        expect(Math.abs(rateAt(curve, atUs) - mean)).toBeLessThanOrEqual(0.0401 * scale);
      }
    });
  });

  it("has the mean that numeric integration has", () => {
    fc.assert(
      fc.property(
        anyCurve,
        fc.integer({ min: 0, max: 5000 }),
        fc.integer({ min: 1, max: 5000 }),
        (curve, from, length) => {
          const pieces = 4000;
          let sum = 0;
          for (let piece = 0; piece < pieces; piece += 1)
            sum += rateAt(curve, from + ((piece + 0.5) * length) / pieces);
          const scale = Math.max(1, sum / pieces);
          expect(Math.abs(meanOver(curve, from, from + length) - sum / pieces) / scale).toBeLessThan(0.01);
        },
      ),
    );
  });

  it("has means that add up over any cut", () => {
    fc.assert(
      fc.property(anyCurve, fc.integer({ min: 1, max: 4000 }), fc.integer({ min: 1, max: 4000 }), (curve, one, two) => {
        const parts = meanOver(curve, 0, one) * one + meanOver(curve, one, one + two) * two;
        const whole = meanOver(curve, 0, one + two) * (one + two);
        expect(Math.abs(whole - parts)).toBeLessThanOrEqual(1e-5 * Math.max(1, parts));
      }),
    );
  });

  it("moves on with every break", () => {
    fc.assert(
      fc.property(anyCurve, fc.integer({ min: 0, max: 10_000 }), (curve, atUs) => {
        const next = nextBreakAfter(curve, atUs);
        expect(next).toBeGreaterThan(atUs);
        expect(next === never || Number.isInteger(next)).toBe(true);
      }),
    );
  });

  it.each<[string, Curve, number]>([
    ["no samples", { kind: "samples", atUs: [], perSecond: [], between: "hold" }, 1],
    ["samples out of order, one negative", { ...steps, atUs: [0, 20, 10, 30], perSecond: [1, 1, -1, 1] } as Curve, 2],
    ["a ramp backwards", { kind: "ramp", fromUs: 2, toUs: 1, from: 0, to: 1 }, 1],
    ["a sine that dips below zero", { ...sine, amplitude: 101 } as Curve, 1],
    ["trouble inside a sum", { kind: "sum", of: [{ kind: "constant", perSecond: -1 }, steps] }, 1],
    ["nothing wrong", { kind: "product", of: [steps, sine, spike] }, 0],
  ])("complains about %s", (_name, curve, count) => {
    expect(curveProblems(curve)).toHaveLength(count);
  });
});

function breaksOf(curve: Curve, fromUs: number, toUs: number): number[] {
  const breaks = [fromUs];
  for (let at = nextBreakAfter(curve, fromUs); at < toUs; at = nextBreakAfter(curve, at)) breaks.push(at);
  return breaks;
}

const rate = fc.integer({ min: 0, max: 100 });
const leaf: fc.Arbitrary<Curve> = fc.oneof(
  fc.record({ kind: fc.constant("constant" as const), perSecond: rate }),
  fc
    .record({
      gaps: fc.array(fc.integer({ min: 1, max: 2000 }), { minLength: 1, maxLength: 8 }),
      rates: fc.array(rate, { minLength: 8, maxLength: 8 }),
      between: fc.constantFrom("hold" as const, "linear" as const),
    })
    .map(({ gaps, rates, between }) => {
      let at = 0;
      const atUs = gaps.map((gap) => {
        at += gap;
        return at;
      });
      return { kind: "samples" as const, atUs, perSecond: rates.slice(0, atUs.length), between };
    }),
  fc
    .tuple(fc.integer({ min: 0, max: 3000 }), fc.integer({ min: 1, max: 3000 }), rate, rate)
    .map(([fromUs, length, from, to]) => ({ kind: "ramp" as const, fromUs, toUs: fromUs + length, from, to })),
  fc
    .tuple(rate, fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 500, max: 9000 }))
    .map(([mean, part, periodUs]) => ({
      kind: "sine" as const,
      mean,
      amplitude: mean * part,
      periodUs,
      peakAtUs: 700,
    })),
  fc.tuple(rate, rate, rate, fc.integer({ min: 100, max: 3000 })).map(([before, peak, towards, timeConstantUs]) => ({
    kind: "decay" as const,
    atUs: 900,
    before,
    peak,
    towards,
    timeConstantUs,
  })),
);
const anyCurve: fc.Arbitrary<Curve> = fc.oneof(
  { weight: 3, arbitrary: leaf },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("sum" as const), of: fc.tuple(leaf, leaf) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("product" as const), of: fc.tuple(leaf, leaf) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("scaled" as const),
      curve: leaf,
      scale: fc.constantFrom(0, 0.5, 3),
      base: rate,
    }),
  },
);
