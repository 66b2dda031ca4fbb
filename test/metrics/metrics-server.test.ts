import { describe, expect, it } from "vitest";
import { MetricsServer, PodPoints, type Sample } from "../../src/metrics/index.ts";
import { objectKey, type Pod, type Uid, WallClock } from "../../src/model/index.ts";
import { EventLoop } from "../../src/sim/index.ts";
import { type Behavior, type RunningPod, World } from "../../src/world/index.ts";

const resolutionUs = 15_000_000;
const sample = (container: string, startS: number, atS: number, cores: number): Sample => ({
  container,
  startUs: startS * 1e6,
  atUs: atS * 1e6,
  cpu: cores * (atS - startS) * 1e9,
  memoryBytes: 1_000,
});

describe("the two points of a container", () => {
  it("are its start and one sample while it is between 10 and 15 seconds old", () => {
    const points = new PodPoints("p");
    points.store([sample("c", 0, 12, 0.5)], resolutionUs);
    expect(points.usage()).toMatchObject({ windowUs: 12e6, containers: [{ cpuNanocores: 5e8 }] });
  });

  it.each([9, 15, 40])("are two samples when it was first seen at the age of %d s", (ageS) => {
    const points = new PodPoints("p");
    points.store([sample("c", 0, ageS, 0.5)], resolutionUs);
    expect(points.usage()).toBeUndefined();
    points.store([sample("c", 0, ageS + 15, 0.5)], resolutionUs);
    expect(points.usage()).toMatchObject({ windowUs: 15e6, containers: [{ cpuNanocores: 5e8 }] });
  });

  it("are missed by the whole pod while one container lacks them", () => {
    const points = new PodPoints("p");
    points.store([sample("old", 0, 100, 1), sample("new", 95, 100, 1)], resolutionUs);
    points.store([sample("old", 0, 115, 1), sample("new", 113, 115, 1)], resolutionUs);
    expect(points.usage()).toBeUndefined();
    points.store([sample("old", 0, 130, 1), sample("new", 113, 130, 1)], resolutionUs);
    expect(points.usage()?.containers).toHaveLength(2);
  });

  it("stay when the same sample comes again", () => {
    const points = new PodPoints("p");
    for (const atS of [100, 115, 115]) points.store([sample("c", 0, atS, 1)], resolutionUs);
    expect(points.usage()).toMatchObject({ timestampUs: 115e6, windowUs: 15e6 });
  });

  it("are of no use for an idle container: its pod is left out", () => {
    const points = new PodPoints("p");
    points.store([sample("c", 0, 12, 0), sample("d", 0, 12, 1)], resolutionUs);
    expect(points.usage()).toBeUndefined();
  });

  it("say whether what they tell has changed", () => {
    const points = new PodPoints("p");
    const stored = [20, 35, 50, 65].map((atS) => points.store([sample("c", 0, atS, 1)], resolutionUs));
    expect(stored).toEqual([true, true, false, false]);
  });
});

describe("metrics-server", () => {
  const clock = new WallClock(500_000); // The run starts at half a second.

  function cluster() {
    const loop = new EventLoop();
    const world = new World(() => loop.nowUs);
    const type = {
      name: "t",
      cpuMillicores: 4_000,
      memoryBytes: 1e9,
      networkBytesPerSecond: 1e9,
      microUsdPerHour: 0,
      capacity: {},
      allocatable: {},
    };
    const machine = world.buy({ name: "n", pool: "p", type, region: "r", zone: "z", labels: {}, taints: [] });
    world.setPower(machine, true);
    const running: RunningPod = world.startPod({
      key: objectKey("ns", "web"),
      uid: "u" as Uid,
      machine,
      workload: "deployment/web",
      behavior: {} as Behavior,
      containers: [{ name: "c", cpuShares: 100, cpuLimitMillicores: 0, memoryLimitBytes: 0, oomScoreAdj: 0 }],
      mainIndex: 0,
    });
    world.startContainer(running, running.main);
    world.setDemand(running, running.main, 300);
    const server = new MetricsServer({ loop, world, clock, ticker: { phaseUs: 4_000_000, periodUs: resolutionUs } });
    const pod = { metadata: { name: "web", namespace: "ns" } } as Pod;
    const read = () => {
      const answer = server.resourceMetrics("ns", [pod]);
      return answer.ok ? answer.items : [];
    };
    const runUntil = (seconds: number): void => {
      loop.step(1_000_000, seconds * 1e6);
    };
    return { loop, world, machine, running, server, read, runUntil };
  }

  it("does nothing while nobody reads", () => {
    const { loop, runUntil } = cluster();
    runUntil(3600);
    expect(loop.firedEvents).toBe(0);
  });

  it("answers its first reader as if it had always scraped", () => {
    const { read, runUntil } = cluster();
    runUntil(100);
    expect(read()).toEqual([
      // The scrape of 94 s; API times have whole seconds of the wall clock.
      {
        pod: "web",
        timestampUs: 93_500_000,
        windowUs: 15e6,
        containers: [{ name: "c", cpuNanocores: 3e8, memoryBytes: 4096 }],
      },
    ]);
  });

  it("shows a change of load by the share of the window that has it", () => {
    const { read, runUntil, server, running, world } = cluster();
    server.follow("ns");
    runUntil(100);
    world.setDemand(running, running.main, 1_300);
    expect(read()[0]!.containers[0]!.cpuNanocores).toBe(3e8);
    runUntil(110);
    expect(read()[0]!.containers[0]!.cpuNanocores).toBe(3e8 + 6e8); // 9 of 15 s at one core more.
  });

  it("goes on looking at a pod whose mean repeats while its rate moves", () => {
    const { read, runUntil, server, running, world } = cluster(); // Scrapes at 94, 109, 124 and 139 s.
    server.follow("ns");
    for (const [seconds, millicores] of [
      [101.5, 900],
      [116.5, 300],
    ] as const) {
      runUntil(seconds);
      world.setDemand(running, running.main, millicores);
    }
    for (const [seconds, millicores] of [
      [110, 600],
      [125, 600],
      [140, 300],
    ] as const) {
      runUntil(seconds);
      expect(read()[0]!.containers[0]!.cpuNanocores).toBe(millicores * 1e6);
    }
  });

  it("forgets the pods of a machine that is dead or out of reach at the next scrape", () => {
    for (const strike of ["frozen", "cut", "off"] as const) {
      const { read, runUntil, server, machine, world } = cluster();
      server.follow("ns");
      runUntil(100);
      if (strike === "frozen") world.setFrozen(machine, true);
      else if (strike === "off") world.setPower(machine, false);
      else world.links.cut([machine.index], [-1]);
      expect(read()).toHaveLength(1);
      runUntil(110);
      expect(read()).toHaveLength(0);
    }
  });
});
