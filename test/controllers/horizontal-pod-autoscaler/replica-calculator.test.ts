import { describe, expect, it } from "vitest";
import { Int64Sum, int32OfFloat } from "../../../src/controllers/horizontal-pod-autoscaler/go-integers.ts";
import { customMetrics, type PodMetrics } from "../../../src/controllers/horizontal-pod-autoscaler/pod-metrics.ts";
import {
  averageReplicas,
  utilizationReplicas,
} from "../../../src/controllers/horizontal-pod-autoscaler/replica-calculator.ts";
import { SelectedPods } from "../../../src/controllers/horizontal-pod-autoscaler/selected-pods.ts";
import { formatTime, type Pod, parseTime } from "../../../src/model/index.ts";

const nowSeconds = 10_000;
const situation = {
  tolerances: { up: 0.1, down: 0.1 },
  windows: { cpuInitializationUs: 300_000_000, initialReadinessUs: 30_000_000 },
  nowUs: nowSeconds * 1_000_000,
};
const cpu = { resource: "cpu", container: "" };

function pod(name: string, startSeconds = 0, ready = "True", phase = "Running"): Pod {
  const lastTransitionTime = formatTime(startSeconds + 5);
  const resources = { requests: { cpu: "100m" } };
  return {
    metadata: { name },
    spec: { containers: [{ name: "c", resources }] },
    status: {
      phase,
      startTime: formatTime(startSeconds),
      conditions: [{ type: "Ready", status: ready, lastTransitionTime }],
    },
  } as unknown as Pod;
}

const pods = (count: number): Pod[] => Array.from({ length: count }, (_, index) => pod(`p${index}`));
const selected = (all: readonly Pod[]): SelectedPods =>
  new SelectedPods(all, (time) => parseTime(time)!.seconds * 1_000_000);
/** The metrics of some of all pods. */
const usage = (milli: number, some: readonly Pod[], all = some): PodMetrics =>
  customMetrics(
    some.map(({ metadata: { name } }) => ({ name, milli, timestampUs: nowSeconds * 1e6 - 5e6, windowUs: 15_000_000 })),
    selected(all),
  );

describe("utilization", () => {
  it.each([
    { count: 21, used: 90, target: 70, wanted: 28, because: "upstream divides first" },
    { count: 10, used: 77, target: 70, wanted: 10, because: "1.1 is within 0.1" },
    { count: 10, used: 78, target: 70, wanted: 12, because: "78 of 70 is not" },
    { count: 10, used: 63, target: 70, wanted: 10, because: "0.9 is within 0.1" },
  ])("$count pods at $used % of $target % become $wanted: $because", ({ count, used, target, wanted }) => {
    const all = pods(count);
    const answer = utilizationReplicas(count, target, usage(used, all), selected(all), cpu, situation);
    expect(answer).toMatchObject({ replicas: wanted, utilization: used });
  });

  it("takes a pod without a metric for idle on the way up and for full on the way down", () => {
    const all = pods(4);
    const some = all.slice(0, 2);
    expect(utilizationReplicas(4, 50, usage(200, some, all), selected(all), cpu, situation)).toMatchObject({
      replicas: 8,
    });
    expect(utilizationReplicas(4, 50, usage(10, some, all), selected(all), cpu, situation)).toMatchObject({
      replicas: 4,
    });
  });

  it("leaves starting pods out on the way down and counts them as idle on the way up", () => {
    const all = [...pods(2), pod("young", nowSeconds - 20, "False")];
    expect(utilizationReplicas(3, 50, usage(10, all), selected(all), cpu, situation)).toMatchObject({ replicas: 1 });
    expect(utilizationReplicas(3, 50, usage(100, all), selected(all), cpu, situation)).toMatchObject({ replicas: 4 });
  });

  it("fails whole when one container requests nothing", () => {
    const bare = { ...pod("bare"), spec: { containers: [{ name: "x" }] } } as unknown as Pod;
    const all = [...pods(1), bare];
    const error = "missing request for cpu in container x of Pod bare";
    expect(utilizationReplicas(2, 50, usage(10, all), selected(all), cpu, situation)).toEqual({ error });
  });
});

it("averages milli-bytes beyond 2^53 exactly", () => {
  const all = pods(10_000);
  const bytes = 1_073_741_825;
  const answer = averageReplicas(10_000, bytes * 1000, usage(bytes * 1000, all), selected(all), "memory", situation);
  expect(answer).toEqual({ replicas: 10_000, usageMilli: bytes * 1000 });
});

describe("Go's integers", () => {
  it.each([
    { value: 2_147_483_647.9, wanted: 2_147_483_647 },
    { value: 2_147_483_648, wanted: -2_147_483_648 },
    { value: Number.POSITIVE_INFINITY, wanted: -2_147_483_648 },
    { value: Number.NaN, wanted: -2_147_483_648 },
    { value: -1.9, wanted: -1 },
  ])("int32($value) is $wanted", ({ value, wanted }) => expect(int32OfFloat(value)).toBe(wanted));

  it("keep the lower 32 bits of a percentage", () => {
    const [used, requested] = [new Int64Sum(), new Int64Sum()];
    used.add(1_099_511_627_776);
    requested.add(1);
    expect(used.percentOf(requested)).toBe(0);
  });
});
