import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DelayLine, stepUs } from "../../src/traffic/delay-line.ts";
import { second } from "./stage.ts";

describe("DelayLine", () => {
  it("lets a steady flow out a delay later, at its rate", () => {
    const line = new DelayLine();
    line.setInflow(0, 50, 2 * second);
    expect(line.rateAt(1.9 * second)).toBe(0);
    expect(line.rateAt(2 * second)).toBe(50);
    expect(line.amount(0, 3 * second)).toBe(50);
    expect(line.pending(second)).toBe(50);
    expect(line.pending(10 * second)).toBe(100);
    expect(line.nextChangeAfter(0)).toBe(2 * second);
    expect(line.nextChangeAfter(3 * second)).toBe(Number.POSITIVE_INFINITY);
  });

  it("loses nothing, whatever changes when", () => {
    const change = fc.record({
      afterUs: fc.integer({ min: 1, max: 3 * second }),
      perSecond: fc.integer({ min: 0, max: 500 }),
      delayUs: fc.integer({ min: 0, max: 2 * second }),
      batch: fc.integer({ min: 0, max: 20 }),
    });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 20 }), (changes) => {
        const line = new DelayLine();
        let nowUs = 0;
        let rate = 0;
        let entered = 0;
        let left = 0;
        for (const { afterUs, perSecond, delayUs, batch } of changes) {
          entered += (rate * afterUs) / second;
          left += line.amount(nowUs, nowUs + afterUs);
          nowUs += afterUs;
          line.settle(nowUs);
          expect(left + line.pending(nowUs)).toBeCloseTo(entered, 6);
          line.addBatch(nowUs, batch, delayUs);
          line.setInflow(nowUs, perSecond, delayUs);
          entered += batch;
          rate = perSecond;
        }
        line.setInflow(nowUs, 0, 0);
        left += line.amount(nowUs, nowUs + 10 * second);
        expect(left).toBeCloseTo(entered, 6);
        line.settle(nowUs + 10 * second);
        expect(line.empty).toBe(true);
      }),
    );
  });

  it("changes on the grid of steps only", () => {
    const line = new DelayLine();
    line.setInflow(12_345, 10, 67_890);
    line.setInflow(54_321, 20, 67_890);
    expect(line.nextChangeAfter(54_321) % stepUs).toBe(0);
  });
});
