import { describe, expect, it } from "vitest";
import { Stage, second } from "./stage.ts";

describe("Traffic", () => {
  it("serves a steady flow in closed form", () => {
    const stage = new Stage();
    const machine = stage.machine();
    stage.route("web", [stage.pod(machine), stage.pod(machine)]);
    stage.start({ flows: [{}] }).settled(100 * second);
    const account = stage.account("web");
    expect(account.arrived).toBe(10_000);
    expect(account.served + account.waiting).toBe(10_000);
    const now = stage.traffic.observe("default/web")!;
    expect(now.utilization).toBeCloseTo(0.5, 6);
    expect(now.p95Us).toBeGreaterThan(50_000);
    expect(now.p95Us).toBeLessThan(70_000);
    expect([...stage.world.pods()].map(({ main }) => main.cpuMillicores)).toEqual([500, 500]);
    expect(stage.loop.firedEvents).toBeLessThan(5);
  });
});
