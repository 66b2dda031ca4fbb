import fc from "fast-check";
import { expect, it } from "vitest";
import { MetricsServer, PodPoints, type Sample } from "../../src/metrics/index.ts";
import { objectKey, type Pod, type Uid, WallClock } from "../../src/model/index.ts";
import { EventLoop } from "../../src/sim/index.ts";
import { type Behavior, controlPlane, type Machine, type RunningPod, World } from "../../src/world/index.ts";

const periodUs = 15_000_000;
const phaseUs = 3_750_000;
const names = ["a", "b", "c"] as const;

/** A machine with three pods of two containers. */
class Scene {
  readonly loop = new EventLoop();
  readonly world = new World(() => this.loop.nowUs);
  readonly machine: Machine;
  readonly pods: readonly RunningPod[];
  readonly server: MetricsServer;

  constructor() {
    const { world, loop } = this;
    const size = { cpuMillicores: 2_000, memoryBytes: 1e9, networkBytesPerSecond: 1e9, microUsdPerHour: 0 };
    const type = { name: "t", ...size, capacity: {}, allocatable: {} };
    this.machine = world.buy({ name: "n", pool: "p", type, region: "r", zone: "z", labels: {}, taints: [] });
    world.setPower(this.machine, true);
    const clock = new WallClock(500_000);
    this.server = new MetricsServer({ loop, world, clock, ticker: { phaseUs, periodUs } });
    this.server.follow("ns");
    this.pods = names.map((name) =>
      world.startPod({
        key: objectKey("ns", name),
        uid: name as Uid,
        machine: this.machine,
        workload: "deployment/web",
        behavior: {} as Behavior,
        containers: ["main", "sidecar"].map((name) => ({
          name,
          cpuShares: 100,
          cpuLimitMillicores: 0,
          memoryLimitBytes: 0,
          oomScoreAdj: 0,
        })),
        mainIndex: 0,
      }),
    );
  }

  /** What the kubelet answers about a pod now. */
  samples(pod: RunningPod): Sample[] {
    const { machine, world, loop } = this;
    if (!machine.alive || !machine.kubeletAlive || !world.links.reachable(controlPlane, machine.index)) return [];
    return pod.containers
      .filter(({ running }) => running)
      .map((container) => ({
        container: container.limits.name,
        startUs: container.startedAtUs,
        atUs: loop.nowUs,
        cpu: container === pod.main ? container.usedCpu(loop.nowUs) : Math.max(1, container.usedCpu(loop.nowUs)),
        memoryBytes: Math.max(4_096, container.memoryBytes),
      }));
  }

  change({ what, pod: index, container: place, amount }: Step): void {
    const { world, machine } = this;
    const pod = this.pods[index]!;
    const container = pod.containers[place]!;
    if (what === "freeze") world.setFrozen(machine, !machine.frozen);
    else if (what === "kubelet") world.setKubeletAlive(machine, !machine.kubeletAlive);
    else if (pod.gone) return;
    else if (what === "remove") world.removePod(pod);
    else if (what === "stop") world.stopContainer(pod, container);
    else if (what === "start" && !container.running) world.startContainer(pod, container);
    else if (what === "cpu") world.setDemand(pod, container, container.running ? amount : 0);
    else if (what === "memory") world.setMemory(pod, container, container.running ? amount * 10_000 : 0);
  }
}

const step = fc.record({
  what: fc.constantFrom("cpu", "cpu", "memory", "start", "start", "stop", "freeze", "kubelet", "remove"),
  pod: fc.nat({ max: 2 }),
  container: fc.nat({ max: 1 }),
  amount: fc.constantFrom(0, 500, 1_000, 1_500),
  /** Until the next one. Most fall on a grid, so that means over a window repeat although the rate moved within it. */
  afterUs: fc.oneof(fc.constantFrom(0, periodUs / 4, periodUs / 2, periodUs), fc.integer({ min: 0, max: 60_000_000 })),
});
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

it("a server that leaves quiet pods alone answers as one that scrapes everything", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const scene = new Scene();
      const { loop, server, pods } = scene;
      const model = new Map(pods.map((pod) => [pod, new PodPoints(pod.key.slice(3))]));
      const objects = names.map((name) => ({ metadata: { name, namespace: "ns" } }) as Pod);
      let nextUs = phaseUs;
      const runUntil = (us: number): void => {
        for (; nextUs <= us; nextUs += periodUs) {
          loop.step(1_000, nextUs);
          for (const [pod, points] of model) {
            if (pod.gone) model.delete(pod);
            else points.store(scene.samples(pod), periodUs);
          }
          const wanted = [...model.values()].flatMap((points) => points.usage() ?? []);
          const answer = server.resourceMetrics("ns", objects);
          expect(answer.ok && answer.items.map(({ timestampUs: _, ...usage }) => usage)).toEqual(
            wanted.map(({ timestampUs: _, ...usage }) => usage),
          );
        }
        loop.step(1_000, us);
      };
      for (const { afterUs, ...change } of steps) {
        scene.change({ ...change, afterUs });
        runUntil(loop.nowUs + afterUs);
      }
      runUntil(loop.nowUs + 4 * periodUs);
    }),
    { numRuns: 500 },
  );
});
