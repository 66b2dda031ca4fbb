import { describe, expect, it } from "vitest";
import { ApiServer, Store } from "../../src/apiserver/index.ts";
import { LeaderElection, Process } from "../../src/client/index.ts";
import { isPodReady, type KubeObject, objectKey, WallClock } from "../../src/model/index.ts";
import { EventLoop, randomStreams } from "../../src/sim/index.ts";
import { Simulation } from "../../src/simulate.ts";
import { World } from "../../src/world/index.ts";
import { smallScenario } from "../small-scenario.ts";

const second = 1_000_000;

/** Three replicas of a component; `led` tells at which seconds somebody began to lead and ceased to. */
function threeReplicas(seed: string) {
  const loop = new EventLoop();
  const clock = new WallClock(1_772_442_000_000_000);
  const api = new ApiServer(new Store(loop, clock), seed);
  const world = new World(() => loop.nowUs);
  api.handle({ verb: "create", object: { apiVersion: "v1", kind: "Namespace", metadata: { name: "kube-system" } } });
  const process = new Process(
    { loop, api, world, clock },
    { name: "kube-scheduler", limits: () => ({ perSecond: 50, burst: 100 }) },
  );
  const led: { readonly what: "leads" | "gone"; readonly at: number }[] = [];
  process.onStart(() => led.push({ what: "leads", at: loop.nowUs / second }));
  process.onCrash(() => led.push({ what: "gone", at: loop.nowUs / second }));
  const election = new LeaderElection(process, 3, randomStreams(seed)("leader-election"));
  election.start();
  const until = (seconds: number): void => {
    while (loop.step(1_000, seconds * second) === "more");
  };
  const holder = (): unknown =>
    (api.store.get("Lease", objectKey("kube-system", "kube-scheduler")) as KubeObject & { spec: unknown }).spec;
  return { loop, api, election, led, until, holder };
}

const seeds = Array.from({ length: 20 }, (_, index) => String(index));

describe("several replicas", () => {
  it("are led by the first, and that is all that happens", () => {
    const { loop, led, until, holder } = threeReplicas("1");
    until(1);
    const fired = loop.firedEvents;
    until(36_000);
    expect(loop.firedEvents).toBe(fired);
    expect(led.map(({ what }) => what)).toEqual(["leads"]);
    expect(holder()).toMatchObject({ holderIdentity: "kube-scheduler-0", leaseTransitions: 0 });
  });

  it.each(seeds)("have a new leader 15 s after somebody saw the last renewal of a dead one (seed %s)", (seed) => {
    const { election, led, until, holder } = threeReplicas(seed);
    until(101);
    election.crash(); // It renewed at 100 s; who waits looks every 2 to 4.4 s.
    until(200);
    expect(led.map(({ what }) => what)).toEqual(["leads", "gone", "leads"]);
    expect(led[2]!.at).toBeGreaterThan(115);
    expect(led[2]!.at).toBeLessThan(100 + 4.4 + 15 + 4.4 + 0.1);
    expect(holder()).toMatchObject({ leaseTransitions: 1 });
  });

  it.each(seeds)("never act two at a time when the leader is cut off (seed %s)", (seed) => {
    const { election, led, until } = threeReplicas(seed);
    until(101);
    election.cutOff = true;
    until(200);
    election.cutOff = false;
    until(300);
    expect(led.map(({ what }) => what)).toEqual(["leads", "gone", "leads"]);
    expect(led[1]!.at).toBe(112); // Tried to renew at 102 s, and for 10 s from then.
    expect(led[2]!.at).toBeGreaterThan(115);
  });

  it("keep their leader through what is shorter than the renew deadline", () => {
    const { api, election, led, until } = threeReplicas("1");
    until(101);
    election.cutOff = true;
    until(108);
    election.cutOff = false;
    until(120);
    api.up = false;
    until(129);
    api.up = true;
    until(300);
    expect(led.map(({ what }) => what)).toEqual(["leads"]);
  });

  it("have no leader while nobody can renew, and one soon after", () => {
    const { api, led, until } = threeReplicas("1");
    until(101);
    api.up = false;
    until(200);
    expect(led.map(({ what }) => what)).toEqual(["leads", "gone"]);
    api.up = true;
    until(300);
    expect(led[2]!.at).toBeGreaterThan(200);
    expect(led[2]!.at).toBeLessThan(205);
  });

  it("are all needed before nobody leads", () => {
    const { election, led, until } = threeReplicas("1");
    for (const at of [100, 200, 300]) {
      until(at);
      election.crash();
    }
    until(400);
    expect(led.filter(({ what }) => what === "leads")).toHaveLength(3);
    election.start();
    until(450);
    expect(led.at(-1)!.what).toBe("leads");
  });
});

it("a run with two controller managers and schedulers goes on after each has lost its leader", () => {
  const cluster = {
    nodePools: [{ name: "general", instanceType: "m6i.large", zones: ["us-east-1a"], min: 3 }],
    kubeControllerManager: { replicas: 2 },
    scheduler: { replicas: 2 },
  };
  const faults = [
    { at: "30s", kind: "component-crash", component: "kube-controller-manager", for: "5m" },
    { at: "40s", kind: "component-partition", component: "kube-scheduler", for: "5m" },
  ];
  const actions = [{ at: "60s", scale: "deployment/web", replicas: 6 }];
  const simulation = new Simulation(smallScenario({ cluster, faults, actions }), "1");
  const ready = (atSeconds: number): number => {
    simulation.runUntil(simulation.scenario.warmUpUs + atSeconds * second);
    return [...simulation.api.store.list("Pod")].filter(isPodReady).length;
  };
  expect(ready(60)).toBe(4); // 30 s after the crash the other manager leads, and the scheduler's lease has not expired yet.
  expect(ready(120)).toBe(6);
  expect(ready(600)).toBe(6);
});
