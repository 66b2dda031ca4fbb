import fc from "fast-check";
import { expect, it } from "vitest";
import { firstBeatAt } from "../../../src/controllers/horizontal-pod-autoscaler/sleep.ts";
import type { HorizontalPodAutoscaler } from "../../../src/model/index.ts";
import { ClosedLoop, type ClosedLoopOptions } from "./closed-loop.ts";

type Behavior = HorizontalPodAutoscaler["spec"]["behavior"];

const seconds = (most: number): fc.Arbitrary<number> => fc.integer({ min: 0, max: most });
const rules = fc.record({
  stabilizationWindowSeconds: fc.oneof(fc.constantFrom(0, 15, 300), seconds(600)),
  selectPolicy: fc.constantFrom("Max", "Min", "Disabled"),
  policies: fc.array(
    fc.record({
      type: fc.constantFrom("Pods", "Percent"),
      value: fc.integer({ min: 1, max: 100 }),
      periodSeconds: fc.integer({ min: 1, max: 120 }),
    }),
    { minLength: 1, maxLength: 2 },
  ),
});
const behavior: fc.Arbitrary<Behavior> = fc.option(fc.record({ scaleUp: rules, scaleDown: rules }), { nil: undefined });
const demand = fc.array(fc.tuple(seconds(600), fc.integer({ min: 0, max: 25_000 })), { minLength: 1, maxLength: 6 });

it("an autoscaler that sleeps writes what one writes that syncs at every beat, and when", () => {
  fc.assert(
    fc.property(demand, behavior, fc.integer({ min: 0, max: 14_999 }), (steps, behavior, scrapePhaseMs) => {
      let atMs = 0;
      const demandMilli = steps.map(([afterSeconds, millicores]): [number, number] => {
        atMs += afterSeconds * 1_000;
        return [atMs, millicores];
      });
      const target = { type: "Utilization", averageUtilization: 50 };
      const metrics = [{ type: "Resource", resource: { name: "cpu", target } }];
      const autoscaler = { metrics, ...(behavior && { behavior }) };
      const [usual, sleepless] = [false, true].map((sleepless) => {
        const loop = new ClosedLoop({ scrapePhaseMs, demandMilli, autoscaler, sleepless } satisfies ClosedLoopOptions);
        loop.runUntil(atMs + 1_500_000);
        return loop;
      });
      expect(usual!.written.map(({ replicas }) => replicas)).toEqual(
        sleepless!.written.map(({ replicas }) => replicas),
      );
      expect(usual!.statuses.map(({ status }) => timeless(status))).toEqual(
        sleepless!.statuses.map(({ status }) => timeless(status)),
      );
      for (const [index, { atUs }] of usual!.statuses.entries()) {
        // What changes while a sync would be under way is seen by one that begins then: a few milliseconds late.
        expect(Math.abs(atUs - sleepless!.statuses[index]!.atUs)).toBeLessThan(100_000);
      }
    }),
    { numRuns: 60 },
  );
});

/** A status without the instants in it. */
function timeless(status: HorizontalPodAutoscaler["status"] | undefined): unknown {
  if (status === undefined) return undefined;
  const { lastScaleTime: _, conditions, ...rest } = status;
  return { ...rest, conditions: conditions?.map(({ lastTransitionTime: _, ...condition }) => condition) };
}

it("waits for the edge of its window without a sync", () => {
  const demandMilli = [
    [0, 4_000],
    [1_000_000, 1_000],
  ] as const;
  const target = { type: "Utilization", averageUtilization: 50 };
  const metrics = [{ type: "Resource", resource: { name: "cpu", target } }];
  const loop = new ClosedLoop({ scrapePhaseMs: 1_000, demandMilli, autoscaler: { metrics } });
  loop.runUntil(1_100_000);
  const before = loop.loop.firedEvents;
  loop.runUntil(1_250_000);
  expect(loop.loop.firedEvents - before).toBe(10); // The scrapes.
  loop.runUntil(1_400_000);
  expect(loop.written.at(-1)!.replicas).toBe(2);
});

it.each([
  { atUs: 116, wanted: 110, because: "a sync that ends just then sees it" },
  { atUs: 117, wanted: 126, because: "a sync that ends before does not" },
  { atUs: 132, wanted: 126, because: "the next ends then" },
  { atUs: 90, wanted: 110, because: "the next sync is the first" },
  { atUs: Number.POSITIVE_INFINITY, wanted: Number.POSITIVE_INFINITY, because: "nothing is awaited" },
])("what happens at $atUs is seen by the sync that begins at $wanted: $because", ({ atUs, wanted }) => {
  expect(firstBeatAt(atUs, { endedUs: 100, durationUs: 6 }, 10)).toBe(wanted);
});
