import { describe, expect, it } from "vitest";
import { configurationOf, type KubeletSettings } from "../../src/node/kubelet-settings.ts";
import { sizeWith } from "../../src/node/machine-size.ts";
import { settingsProblems } from "../../src/node/settings-problems.ts";
import { ScenarioError } from "../../src/scenario/index.ts";
import { smallScenario } from "../small-scenario.ts";

const minute = 60_000_000;

describe("kubelet settings", () => {
  it("leave upstream's defaults where they say nothing", () => {
    const { parallelPulls, eviction, shutdown } = configurationOf({});
    expect([parallelPulls, eviction.transitionUs, shutdown]).toEqual([1, 5 * minute, []]);
    expect(eviction.thresholds.map(({ signal }) => signal)).toEqual([
      "imagefs.available",
      "imagefs.inodesFree",
      "memory.available",
      "nodefs.available",
      "nodefs.inodesFree",
    ]);
  });

  it.each([
    { settings: { serializeImagePulls: false }, pulls: Number.POSITIVE_INFINITY, because: "no bound is named" },
    { settings: { serializeImagePulls: false, maxParallelImagePulls: 3 }, pulls: 3, because: "three are allowed" },
    { settings: { maxParallelImagePulls: 4 }, pulls: 4, because: "a bound above 1 ends the serial line" },
  ])("pull $pulls images at once: $because", ({ settings, pulls }) => {
    expect(configurationOf(settings).parallelPulls).toBe(pulls);
  });

  it("switch the other hard thresholds off, unless they are merged", () => {
    const own = { evictionHard: { "memory.available": "500Mi" } };
    expect(configurationOf(own).eviction.thresholds).toHaveLength(1);
    const merged = configurationOf({ ...own, mergeDefaultEvictionSettings: true }).eviction.thresholds;
    expect(merged).toHaveLength(5);
    expect(merged.find(({ signal }) => signal === "memory.available")?.quantity).toBe("500Mi");
  });

  it("divide a shutdown's time between ordinary and critical pods", () => {
    const settings = { shutdownGracePeriod: 30_000_000, shutdownGracePeriodCriticalPods: 10_000_000 };
    expect(configurationOf(settings).shutdown).toEqual([
      { priority: 0, seconds: 20 },
      { priority: 2_000_000_000, seconds: 10 },
    ]);
  });

  it.each<{ settings: KubeletSettings; path: string }>([
    { settings: { evictionHard: { "memory.free": "1Gi" } }, path: "evictionHard.memory.free" },
    { settings: { evictionHard: { "nodefs.available": "110%" } }, path: "evictionHard.nodefs.available" },
    { settings: { evictionSoft: { "memory.available": "1Gi" } }, path: "evictionSoft.memory.available" },
    {
      settings: { evictionSoftGracePeriod: { "memory.available": 1 } },
      path: "evictionSoftGracePeriod.memory.available",
    },
    { settings: { serializeImagePulls: true, maxParallelImagePulls: 2 }, path: "maxParallelImagePulls" },
    { settings: { shutdownGracePeriod: 500_000 }, path: "shutdownGracePeriod" },
    {
      settings: { shutdownGracePeriod: 1_000_000, shutdownGracePeriodCriticalPods: 2_000_000 },
      path: "shutdownGracePeriodCriticalPods",
    },
    {
      settings: { shutdownGracePeriod: 1_000_000, shutdownGracePeriodByPodPriority: [] },
      path: "shutdownGracePeriodByPodPriority",
    },
    { settings: { imageMaximumGCAge: 60_000_000 }, path: "imageMaximumGCAge" },
    {
      settings: { crashLoopBackOff: { maxContainerRestartPeriod: 1 } },
      path: "crashLoopBackOff.maxContainerRestartPeriod",
    },
  ])("with which no kubelet would start are complained of: $path", ({ settings, path }) => {
    expect(settingsProblems(settings).map((problem) => problem.path.join("."))).toEqual([path]);
  });
});

describe("the size of a machine", () => {
  const mi = (count: number): string => `${count}Mi`;
  // What EKS reserves: 70m of cpu, 924 MiB with the default hard threshold of 100 MiB in it.
  const capacity = { cpu: "2", memory: mi(8000), pods: "29" };
  const type = { capacity, allocatable: { cpu: "1930m", memory: mi(7076), pods: "29" } };
  it.each<{ settings: KubeletSettings; cpu: string; memory: string; because: string }>([
    { settings: {}, cpu: "1930m", memory: mi(7076), because: "nothing is said" },
    {
      settings: { evictionHard: { "memory.available": "500Mi" } },
      cpu: "1930m",
      memory: mi(6676),
      because: "the threshold is 400 MiB more than the default",
    },
    {
      settings: { systemReserved: { cpu: "100m", memory: "1000Mi" } },
      cpu: "1830m",
      memory: mi(6076),
      because: "the system's part comes on top",
    },
    {
      settings: { kubeReserved: { memory: "1900Mi" } },
      cpu: "2",
      memory: mi(6000),
      because: "it replaces what the image reserves, cpu included",
    },
  ])("has $cpu and $memory allocatable: $because", ({ settings, cpu, memory }) => {
    expect(sizeWith(type, settings).allocatable).toEqual({ cpu, memory, pods: "29" });
  });

  it("has as many pods as maxPods says", () => {
    const { capacity: own, allocatable } = sizeWith(type, { maxPods: 60 });
    expect([own["pods"], allocatable["pods"]]).toEqual(["60", "60"]);
  });
});

describe("a scenario", () => {
  const pool = { name: "general", instanceType: "m6i.large", zones: ["us-east-1a"], min: 1 };

  it("reaches them per node pool under upstream's names", () => {
    const kubelet = { maxPods: 12, evictionPressureTransitionPeriod: "30s", shutdownGracePeriod: "1m" };
    const { kubelets, pools } = smallScenario({ cluster: { nodePools: [{ ...pool, kubelet }] } });
    expect(pools[0]!.machineType.allocatable["pods"]).toBe("12");
    expect(kubelets.get("general")!.settings).toEqual({
      maxPods: 12,
      evictionPressureTransitionPeriod: minute / 2,
      shutdownGracePeriod: minute,
    });
  });

  it("with settings that no kubelet takes is refused with the place", () => {
    const kubelet = { evictionSoft: { "memory.available": "1Gi" } };
    let complaints: ScenarioError["complaints"] = [];
    try {
      smallScenario({ cluster: { nodePools: [{ ...pool, kubelet }] } });
    } catch (error) {
      if (error instanceof ScenarioError) complaints = error.complaints;
    }
    expect(complaints).toMatchObject([
      { code: "BAD_CONFIGURATION", expected: "a grace period in evictionSoftGracePeriod", found: '"1Gi"' },
    ]);
    expect(complaints[0]!.path).toContain("nodePools[0].kubelet.evictionSoft");
  });
});
