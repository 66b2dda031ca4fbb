import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bucketCount, bucketEdgesUs, LatencyHistogram } from "../../src/traffic/index.ts";
import { LatencyAmounts } from "../../src/traffic/latency-amounts.ts";
import { LatencyShapes } from "../../src/traffic/latency-shapes.ts";

describe("LatencyHistogram", () => {
  it("has 282 buckets of five percent from 100 µs to 100 s, one below and one above", () => {
    expect(bucketCount).toBe(284);
    expect(bucketEdgesUs).toHaveLength(283);
    expect([bucketEdgesUs[0], bucketEdgesUs[47], bucketEdgesUs[141], bucketEdgesUs[282]]).toEqual([
      100, 1000, 100_000, 100_000_000,
    ]);
    for (let index = 1; index < bucketEdgesUs.length; index += 1) {
      expect(bucketEdgesUs[index]! / bucketEdgesUs[index - 1]!).toBeGreaterThan(1.035);
      expect(bucketEdgesUs[index]! / bucketEdgesUs[index - 1]!).toBeLessThan(1.065);
    }
  });

  it("answers quantiles within a bucket's width, and adds up", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: bucketCount - 2 }), { minLength: 1 }), (buckets) => {
        const [one, two] = [new LatencyHistogram(), new LatencyHistogram()];
        buckets.forEach((bucket, index) => {
          (index % 2 === 0 ? one : two).add(bucket, 1);
        });
        one.merge(two);
        expect(one.total).toBe(buckets.length);
        const sorted = [...buckets].sort((a, b) => a - b);
        for (const p of [0.5, 0.95, 0.99]) {
          const bucket = sorted[Math.ceil(p * sorted.length) - 1]!;
          expect(one.quantileUs(p)).toBeLessThanOrEqual(bucketEdgesUs[bucket]!);
          expect(one.quantileUs(p)).toBeGreaterThanOrEqual(bucket === 0 ? 0 : bucketEdgesUs[bucket - 1]!);
        }
      }),
    );
  });

  it("is 0 where nothing was counted", () => {
    expect(new LatencyHistogram().quantileUs(0.99)).toBe(0);
    expect(new LatencyHistogram().meanUs()).toBe(0);
  });
});

describe("LatencyShapes", () => {
  const shapes = new LatencyShapes();

  it.each([
    [0.5, Math.LN2],
    [0.95, Math.log(20)],
    [0.99, Math.log(100)],
  ])("has the exponential's quantile %f", (p, wanted) => {
    expect(shapes.of(20_000, 4e8).quantileUs(20_000, p) / (20_000 * wanted)).toBeCloseTo(1, 2);
  });

  it.each([
    [2, 4.7439],
    [4, 7.7537],
    [9, 14.4345],
  ])("has the p95 of a sum of %i exponentials", (stages, wanted) => {
    const mean = 1000 * stages;
    expect(shapes.of(mean, mean * 1000).quantileUs(mean, 0.95) / (wanted * 1000)).toBeCloseTo(1, 1);
  });

  it("spreads all it is given, below the limit, with the right mean", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 200, max: 2e7, noNaN: true }),
        fc.double({ min: 0.001, max: 4, noNaN: true }),
        fc.double({ min: 0.2, max: 100, noNaN: true }),
        (mean, variation, limit) => {
          const amounts = new LatencyAmounts();
          const shape = shapes.of(mean, variation * mean * mean);
          shape.spread(amounts, mean, 1000, limit * mean);
          const histogram = new LatencyHistogram();
          amounts.cells.forEach((amount, bucket) => {
            if (amount > 0) histogram.add(bucket, amount);
            if (amount !== 0) expect(bucket >= amounts.low && bucket <= amounts.high).toBe(true);
          });
          expect(amounts.sum).toBe(1000);
          if (limit >= 20 && mean < 5e6 && mean > 2000 && variation < 1) {
            expect(histogram.total).toBeCloseTo(1000, 3);
            expect(histogram.meanUs() / mean).toBeCloseTo(1, 1);
          }
          expect(histogram.total).toBeGreaterThan(899);
          expect(histogram.quantileUs(1)).toBeLessThanOrEqual(Math.max(105, limit * mean * 1.06));
        },
      ),
    );
  });
});
