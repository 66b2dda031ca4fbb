import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  draw,
  exp,
  lastTickAt,
  log,
  mean,
  nextTickAt,
  pow,
  quantile,
  randomStreams,
  sin,
  type Ticker,
  tanh,
  tickAt,
} from "../../src/sim/index.ts";

describe("portable mathematics", () => {
  it.each([
    { name: "exp", ours: exp, theirs: Math.exp, from: -700, to: 700, relative: true },
    { name: "log", ours: log, theirs: Math.log, from: 1e-300, to: 1e300, relative: true },
    { name: "tanh", ours: tanh, theirs: Math.tanh, from: -30, to: 30, relative: false },
    { name: "sin", ours: sin, theirs: Math.sin, from: -1e5, to: 1e5, relative: false },
  ])("$name agrees with the built-in one to 2e-15", ({ ours, theirs, from, to, relative }) => {
    fc.assert(
      fc.property(fc.double({ min: from, max: to, noNaN: true }), (x) => {
        const wanted = theirs(x);
        const error = Math.abs(ours(x) - wanted);
        expect(error).toBeLessThanOrEqual(2e-15 * (relative ? Math.max(1e-3, Math.abs(wanted)) : 1) + 1e-320);
      }),
    );
  });

  it.each([
    [2, 10, 1024],
    [2, -2, 0.25],
    [0, 3, 0],
    [9, 0.5, 3],
  ])("pow(%d, %d) is %d", (base, exponent, wanted) => {
    expect(pow(base, exponent)).toBeCloseTo(wanted, 12);
  });
});

describe("streams of chance", () => {
  it("repeat under one seed and name, and differ under another of either", () => {
    const first = randomStreams("1")("faults/machine-crash");
    const again = randomStreams("1")("faults/machine-crash");
    const draws = [first(), first(), first()];
    expect([again(), again(), again()]).toEqual(draws);
    expect(randomStreams("2")("faults/machine-crash")()).not.toBe(draws[0]);
    expect(randomStreams("1")("faults/pod-kill")()).not.toBe(draws[0]);
  });

  it("do not disturb each other", () => {
    const streams = randomStreams("1");
    const lone = streams("a");
    const alone = [lone(), lone()];
    const a = randomStreams("1")("a");
    const b = randomStreams("1")("b");
    const mixed = [a(), b(), a()];
    expect([mixed[0], mixed[2]]).toEqual(alone);
  });
});

describe("a distribution given by median and p95", () => {
  const startup = { medianUs: 8_000_000, p95Us: 20_000_000 };

  it("has that median and that 95th percentile", () => {
    expect(quantile(startup, 0.5)).toBeCloseTo(8_000_000, -1);
    expect(quantile(startup, 0.95)).toBeCloseTo(20_000_000, -3);
  });

  it("draws whole microseconds, at the floor at least, whose mean is the distribution's", () => {
    const random = randomStreams("1")("draws");
    const draws = Array.from({ length: 20_000 }, () => draw({ ...startup, floorUs: 1_000_000 }, random));
    expect(draws.every((us) => Number.isInteger(us) && us >= 1_000_000)).toBe(true);
    const average = draws.reduce((sum, us) => sum + us, 0) / draws.length;
    expect(Math.abs(average / mean(startup) - 1)).toBeLessThan(0.02);
  });

  it("is constant where nothing else is said", () => {
    expect(draw({ medianUs: 5 }, randomStreams("1")("x"))).toBe(5);
  });
});

describe("a ticker", () => {
  const ticker: Ticker = { phaseUs: 7, periodUs: 10, jitterUs: (tick) => tick % 3 };

  it("finds the first tick from an instant and the last until it, jitter included", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 500 }), (us) => {
        const ticks = Array.from({ length: 60 }, (_, tick) => tickAt(ticker, tick));
        expect(nextTickAt(ticker, us)).toBe(ticks.find((at) => at >= us));
        expect(lastTickAt(ticker, us)).toBe(ticks.findLast((at) => at <= us));
      }),
    );
  });
});
