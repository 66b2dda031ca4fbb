import { describe, expect, it } from "vitest";
import type { MetricSpec } from "../../../src/model/index.ts";
import { ClosedLoop } from "./closed-loop.ts";

/** 100 requests a second at first, then 1,000; a pod does a hundred. */
const step = [
  [0, 1_000],
  [300_000, 10_000],
] as const;

function run(metrics: MetricSpec[], untilMs = 900_000): ClosedLoop {
  const loop = new ClosedLoop({ scrapePhaseMs: 4_106, demandMilli: step, autoscaler: { metrics } });
  loop.runUntil(untilMs);
  return loop;
}

describe("an autoscaler by kind of metric", () => {
  const service = { apiVersion: "v1", kind: "Service", name: "web" };
  const rate = { name: "requests_per_second" };
  it.each<{ readonly name: string; readonly metric: MetricSpec; readonly wanted: number }>([
    {
      name: "Pods requests_per_second",
      metric: { type: "Pods", pods: { metric: rate, target: { type: "AverageValue", averageValue: "100" } } },
      wanted: 10,
    },
    {
      name: "Object requests_per_second, average",
      metric: {
        type: "Object",
        object: { metric: rate, describedObject: service, target: { type: "AverageValue", averageValue: "100" } },
      },
      wanted: 10,
    },
    {
      name: "External requests_per_second, average",
      metric: {
        type: "External",
        external: {
          metric: { ...rate, selector: { matchLabels: { service: "web" } } },
          target: { type: "AverageValue", averageValue: "125" },
        },
      },
      wanted: 8,
    },
    {
      name: "ContainerResource cpu",
      metric: {
        type: "ContainerResource",
        containerResource: { name: "cpu", container: "c", target: { type: "Utilization", averageUtilization: 100 } },
      },
      wanted: 10,
    },
  ])("$name settles where the target is met", ({ metric, wanted }) => {
    const loop = run([metric]);
    const { status } = loop.autoscaler;
    expect(status.conditions?.find(({ type }) => type === "ScalingActive")?.reason).toBe("ValidMetricFound");
    // Within the tolerance any count is final; the path there decides which.
    expect(loop.written.at(-1)!.replicas).toBeGreaterThanOrEqual(Math.floor(wanted * 0.9));
    expect(loop.written.at(-1)!.replicas).toBeLessThanOrEqual(Math.ceil(wanted * 1.1));
  });

  it("lags with a rate: a step shows little by little over the rate's window", () => {
    const metric: MetricSpec = {
      type: "Pods",
      pods: { metric: rate, target: { type: "AverageValue", averageValue: "100" } },
    };
    const loop = run([metric]);
    const reached = loop.written.find(({ replicas }) => replicas >= 9)!;
    expect(reached.atMs).toBeGreaterThan(300_000 + 60_000);
  });

  it("says of a metric that nobody has why it does nothing", () => {
    const metric: MetricSpec = {
      type: "Pods",
      pods: { metric: { name: "orders" }, target: { type: "AverageValue", averageValue: "1" } },
    };
    const { status } = run([metric], 60_000).autoscaler;
    const active = status.conditions?.find(({ type }) => type === "ScalingActive");
    expect(active).toMatchObject({ status: "False", reason: "FailedGetPodsMetric" });
    expect(active?.message).toContain("the server could not find the metric orders for pods");
  });
});

describe("a flat load", () => {
  const cpu: MetricSpec = {
    type: "Resource",
    resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 50 } },
  };

  it("costs no event of the autoscaler once its pods are past their start", () => {
    const loop = new ClosedLoop({ scrapePhaseMs: 0, demandMilli: [[0, 1_000]], autoscaler: { metrics: [cpu] } });
    loop.runUntil(1_000_000); // Past the Deployment's progress deadline, too.
    const before = loop.loop.firedEvents;
    loop.runUntil(4_600_000);
    expect(loop.loop.firedEvents - before).toBe(240); // The scrapes.
  });

  it("wakes at its own beat when the load moves", () => {
    const demandMilli = [
      [0, 1_000],
      [2_000_000, 2_000],
    ] as const;
    const loop = new ClosedLoop({ scrapePhaseMs: 1_000, demandMilli, autoscaler: { metrics: [cpu] } });
    loop.runUntil(3_000_000);
    const [, first] = loop.written;
    expect(first!.replicas).toBe(4);
    // Scraped at 2,011 s (11 of 15 s at the new rate); the beat has drifted 8 ms a sync since the start.
    expect(first!.atMs).toBeGreaterThan(2_011_000);
    expect(first!.atMs).toBeLessThan(2_027_000);
  });
});
