import { describe, expect, it } from "vitest";
import type { Incident } from "../../src/report/index.ts";
import { simulate } from "../../src/simulate.ts";
import { smallScenario } from "../small-scenario.ts";

const stages = ({ stages: all }: Incident): Map<string, number> =>
  new Map(all.map(({ name, atSeconds }) => [name, atSeconds]));

describe("the story of a machine that dies under Kubernetes' defaults", () => {
  const crash = { at: "60s", kind: "machine-crash", where: { runs: "deployment/web" } };
  const scenario = smallScenario({
    duration: "15m",
    behavior: [{ for: "deployment/web", perRequest: { cpu: "5ms" } }],
    traffic: [{ to: "service/web", rate: 40, timeout: "1s" }],
    faults: [crash],
  });
  const { incidents, services, violations } = simulate(scenario, "1");
  const at = stages(incidents[0]!);

  it("is noticed 40 to 60 s after the cut: 50 s after a renewal that was noticed, at a pass every 5 s", () => {
    expect(at.get("detected")! - 60).toBeGreaterThanOrEqual(40);
    expect(at.get("detected")! - 60).toBeLessThanOrEqual(60);
  });

  it("leaves the route tables within kube-proxy's second", () => {
    expect(at.get("unrouted")! - at.get("detected")!).toBeLessThanOrEqual(1.2);
  });

  it("loses its pods 300 s later, the toleration that admission gave them, and up to 5 s for the taint", () => {
    expect(at.get("decided")! - at.get("detected")!).toBeGreaterThanOrEqual(300);
    expect(at.get("decided")! - at.get("detected")!).toBeLessThanOrEqual(305.5);
  });

  it("has its successors ready within seconds, and says that the decision took the time", () => {
    expect(at.get("recovered")! - at.get("decided")!).toBeLessThan(30);
    expect(incidents[0]!.longestStage).toBe("decided");
  });

  it("costs users what was sent to the silent machine until it was unrouted", () => {
    const share = incidents[0]!.stages.length > 0 ? (at.get("unrouted")! - 60) * 40 : 0;
    // One or two of four pods were there: a quarter or half of the requests of that minute, all timed out.
    const failed = services[0]!.timedOut / share;
    expect([0.25, 0.5].some((wanted) => Math.abs(failed - wanted) < 0.03)).toBe(true);
    expect(violations).toEqual([]);
  });
});

it("tells of a killed process: found by the next relist, restarted in the same sync", () => {
  const { incidents, pods } = simulate(
    smallScenario({ faults: [{ at: "60s", kind: "pod-kill", where: { workload: "deployment/web" } }] }),
    "1",
  );
  const at = stages(incidents[0]!);
  expect(at.get("detected")! - 60).toBeLessThanOrEqual(1.1);
  expect(incidents[0]!.recoverySeconds).toBeLessThan(20);
  expect(pods.restarts).toBe(1);
});

it("tells of a partition that heals: no pod is replaced when it ends before the toleration", () => {
  const fault = { at: "60s", kind: "network-partition", where: { zone: "us-east-1a" }, for: "2m" };
  const { incidents, workloads } = simulate(smallScenario({ faults: [fault] }), "1");
  const at = stages(incidents[0]!);
  expect(at.has("created")).toBe(false);
  expect(incidents[0]!.recoverySeconds).toBeGreaterThan(115);
  expect(incidents[0]!.recoverySeconds).toBeLessThan(150);
  expect(workloads[0]!.leastReady).toBeLessThan(4);
});
