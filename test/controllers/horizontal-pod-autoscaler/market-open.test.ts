import { describe, expect, it } from "vitest";
import { ClosedLoop } from "./closed-loop.ts";

const metrics = [
  { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 60 } } },
];
const step = [
  [0, 1_000],
  [90_000, 10_000],
] as const;
const counts = (loop: ClosedLoop): number[] => loop.written.map(({ replicas }) => replicas);

describe("a load that steps to ten times its base", () => {
  it.each([
    { scrapePhaseMs: 4_106, wanted: [2, 4, 7, 11, 17] },
    { scrapePhaseMs: 12_300, wanted: [2, 4, 7, 13, 15] },
  ])("is answered on the path recorded for scrapes at $scrapePhaseMs ms", ({ scrapePhaseMs, wanted }) => {
    const loop = new ClosedLoop({ scrapePhaseMs, demandMilli: step, autoscaler: { metrics } });
    loop.runUntil(400_000);
    expect(counts(loop)).toEqual(wanted);
  });
});

describe("the beat of an autoscaler", () => {
  it("begins a period after the controller has seen it", () => {
    const loop = new ClosedLoop({
      scrapePhaseMs: 0,
      demandMilli: [[0, 1_000]],
      autoscaler: { metrics, minReplicas: 5 },
    });
    loop.runUntil(14_900);
    expect(counts(loop)).toEqual([2]);
    loop.runUntil(15_100);
    expect(counts(loop)).toEqual([2, 5]);
  });

  it("is not hastened by somebody's change", () => {
    const loop = new ClosedLoop({
      scrapePhaseMs: 0,
      demandMilli: [[0, 3_000]],
      autoscaler: { metrics, minReplicas: 5 },
    });
    loop.runUntil(91_000);
    loop.scale(3);
    loop.runUntil(104_900);
    expect(counts(loop)).toEqual([2, 5, 3]);
    loop.runUntil(106_000);
    expect(counts(loop)).toEqual([2, 5, 3, 5]);
  });
});

describe("a user who lowers the count by hand", () => {
  const demandMilli = [[0, 4_800]] as const;
  const behavior = { scaleDown: { stabilizationWindowSeconds: 300 } };

  it("sees it put back by old recommendations", () => {
    const loop = new ClosedLoop({ scrapePhaseMs: 3_000, demandMilli, autoscaler: { metrics, minReplicas: 1 } });
    loop.runUntil(200_000);
    const before = counts(loop).at(-1)!;
    loop.scale(before - 2);
    loop.runUntil(230_000);
    expect(counts(loop).at(-1)).toBe(before);
  });

  it("keeps it with a behavior while the metric allows it", () => {
    const loop = new ClosedLoop({
      scrapePhaseMs: 3_000,
      demandMilli,
      autoscaler: { metrics, minReplicas: 1, behavior },
    });
    loop.runUntil(200_000);
    const before = counts(loop).at(-1)!;
    loop.scale(before + 1);
    loop.runUntil(400_000);
    expect(counts(loop).at(-1)).toBe(before + 1); // Within tolerance: nothing calls it back.
  });
});

it("tells in its status and its events what it did", () => {
  const loop = new ClosedLoop({ scrapePhaseMs: 4_106, demandMilli: step, autoscaler: { metrics } });
  loop.runUntil(400_000);
  const { status } = loop.autoscaler;
  expect(status).toMatchObject({ currentReplicas: 17, desiredReplicas: 17 });
  expect(status.conditions?.map(({ type, status: is, reason }) => `${type}=${is}/${reason}`)).toEqual([
    "AbleToScale=True/ReadyForNewScale",
    "ScalingActive=True/ValidMetricFound",
    "ScalingLimited=False/DesiredWithinRange",
  ]);
  const told = [...loop.api.events.all()].filter(({ kind }) => kind === "HorizontalPodAutoscaler");
  expect(told.filter(({ reason }) => reason === "SuccessfulRescale").map(({ message }) => message)).toEqual(
    [4, 7, 11, 17].map(
      (size) => `New size: ${size}; reason: cpu resource utilization (percentage of request) above target`,
    ),
  );
});
