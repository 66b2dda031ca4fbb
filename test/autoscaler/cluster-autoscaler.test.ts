import { describe, expect, it } from "vitest";
import type { Pod } from "../../src/model/index.ts";
import type { Scenario } from "../../src/scenario/index.ts";
import { Simulation } from "../../src/simulate.ts";
import { smallScenario } from "../small-scenario.ts";

const cluster = (clusterAutoscaler: object | undefined, pool: object = {}) => ({
  nodePools: [{ name: "general", instanceType: "m6i.large", zones: ["us-east-1a"], min: 2, max: 6, ...pool }],
  ...(clusterAutoscaler !== undefined && { clusterAutoscaler }),
});

/** A burst of ten pods of half a core each from minute 1 to minute 10, on machines that hold three. */
const burst = [
  { at: "1m", scale: "deployment/web", replicas: 14 },
  { at: "10m", scale: "deployment/web", replicas: 2 },
];

interface Seen {
  readonly atSeconds: number;
  readonly text: string;
}

/** Runs the scenario and notes nodes that come and go, and what the autoscaler says. */
function observe(scenario: Scenario): { readonly simulation: Simulation; readonly seen: readonly Seen[] } {
  const seen: Seen[] = [];
  const seconds = (): number => (simulation.loop.nowUs - scenario.warmUpUs) / 1_000_000;
  const simulation: Simulation = new Simulation(scenario, "1", {
    onCommit: ({ before, after }) => {
      const { kind, metadata } = (after ?? before)!;
      if (kind !== "Node" || (before !== undefined && after !== undefined)) return;
      seen.push({ atSeconds: seconds(), text: `${after === undefined ? "gone" : "new"} ${metadata.name}` });
    },
  });
  simulation.api.events.onRecord(({ source, reason, message }) => {
    if (source === "cluster-autoscaler") seen.push({ atSeconds: seconds(), text: `${reason}: ${message}` });
  });
  return { simulation, seen };
}

const waiting = ({ api }: Simulation): Pod[] =>
  [...api.store.list("Pod")].filter(({ spec }) => spec.nodeName === undefined);

describe("a cluster with an autoscaler", () => {
  const scenario = smallScenario({ duration: "40m", cluster: cluster({}), actions: burst });
  const { simulation, seen } = observe(scenario);
  const at = (text: string): number => seen.find((entry) => entry.text.startsWith(text))!.atSeconds;

  it("buys machines for pods that wait, and they are bound", () => {
    simulation.runUntil(scenario.warmUpUs + 65_000_000);
    expect(waiting(simulation).length).toBeGreaterThan(5);
    simulation.runUntil(scenario.warmUpUs + 9 * 60_000_000);
    expect(waiting(simulation)).toEqual([]);
    expect(at("ScaledUpGroup: Scale-up: setting group general size to 5 instead of 2 (max: 6)")).toBeLessThan(75);
    expect(at("TriggeredScaleUp: pod triggered scale-up: [{general 2->5 (max: 6)}]")).toBeLessThan(80);
  });

  it("gives idle machines back once they were unneeded for ten minutes, not below the pool's minimum", () => {
    simulation.runUntil(simulation.endUs);
    const gone = seen.filter(({ text }) => text.startsWith("gone"));
    expect(gone).toHaveLength(3);
    // Unneeded from the scale-down at minute 10 on, longer than ten minutes, and the drain's own steps after that.
    for (const { atSeconds } of gone) expect(atSeconds).toBeGreaterThan(20 * 60);
    expect(gone[0]!.atSeconds).toBeLessThan(21 * 60 + 30);
    expect([...simulation.api.store.list("Node")]).toHaveLength(2);
    expect(waiting(simulation)).toEqual([]);
    expect(simulation.result().violations).toEqual([]);
  });
});

it("without one, the pods wait for ever", () => {
  const scenario = smallScenario({ duration: "20m", cluster: cluster(undefined), actions: burst.slice(0, 1) });
  const { simulation, seen } = observe(scenario);
  simulation.runUntil(simulation.endUs);
  expect(waiting(simulation).length).toBeGreaterThan(5);
  expect(seen.filter(({ atSeconds }) => atSeconds > 0)).toEqual([]);
});

it("says why no group helps", () => {
  const scenario = smallScenario({ duration: "5m", cluster: cluster({}, { max: 2 }), actions: burst.slice(0, 1) });
  const { simulation, seen } = observe(scenario);
  simulation.runUntil(simulation.endUs);
  const texts = new Set(seen.filter(({ atSeconds }) => atSeconds > 0).map(({ text }) => text));
  expect([...texts]).toEqual(["NotTriggerScaleUp: pod didn't trigger scale-up: 1 max node group size reached"]);
});

it("tells a pod that waits the same thing once in five minutes, though it looks every ten seconds", () => {
  const scenario = smallScenario({ duration: "20m", cluster: cluster({}, { max: 2 }), actions: burst.slice(0, 1) });
  const { simulation, seen } = observe(scenario);
  simulation.runUntil(simulation.endUs);
  const told = seen.filter(({ text, atSeconds }) => text.startsWith("NotTriggerScaleUp") && atSeconds > 0).length;
  expect(told / waiting(simulation).length).toBe(4);
});

it("backs off from a group whose zone has nothing to sell, and tries again when the zone has", () => {
  const faults = [{ at: "30s", kind: "out-of-capacity", pool: "general", for: "4m" }];
  const scenario = smallScenario({ duration: "15m", cluster: cluster({}), actions: burst.slice(0, 1), faults });
  const { simulation, seen } = observe(scenario);
  simulation.runUntil(simulation.endUs);
  const attempts = seen.filter(({ text }) => text.startsWith("ScaledUpGroup: Scale-up: setting"));
  expect(seen.some(({ text }) => text.startsWith("FailedToScaleUpGroup"))).toBe(true);
  expect(attempts).toHaveLength(2);
  expect(attempts[1]!.atSeconds - attempts[0]!.atSeconds).toBeGreaterThan(300);
  expect(waiting(simulation)).toEqual([]);
});

it("sleeps through a quiet hour: no run comes to anything, so there is none", () => {
  const quiet = { duration: "60m", initial: "settled", actions: [] };
  const events = (clusterAutoscaler: object | undefined): number => {
    const simulation = new Simulation(smallScenario({ ...quiet, cluster: cluster(clusterAutoscaler) }), "1");
    simulation.runUntil(simulation.endUs);
    return simulation.loop.firedEvents;
  };
  expect(events({}) - events(undefined)).toBeLessThan(200);
});
