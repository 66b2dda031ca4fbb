import { describe, expect, it } from "vitest";
import type { Pod } from "../../src/model/index.ts";
import { imagesToRemove, oldImages } from "../../src/node/image-gc.ts";
import type { StoredImage } from "../../src/node/image-store.ts";
import { localStorageExcess } from "../../src/node/local-storage.ts";
import { Simulation } from "../../src/simulate.ts";
import { smallScenario } from "../small-scenario.ts";

const mi = 1_048_576;

describe("collected images", () => {
  const image = (name: string, bytes: number, lastUsedUs: number, pulledUs = 0): StoredImage => ({
    ...{ name, sizeBytes: bytes, bytes, pulledUs, lastUsedUs },
  });
  const images = [image("old", 10, 1), image("used", 10, 0), image("newer", 10, 5), image("young", 10, 0, 90)];
  it.each([
    { bytes: 5, removed: ["old"], because: "the least recently used is enough" },
    { bytes: 11, removed: ["old", "newer"], because: "one is not enough" },
    { bytes: 99, removed: ["old", "newer"], because: "one is in use, and one too young" },
    { bytes: 0, removed: [], because: "there is room" },
  ])("to free $bytes are $removed: $because", ({ bytes, removed }) => {
    const chosen = imagesToRemove(images, new Set(["used"]), { bytes, minAgeUs: 20, nowUs: 100 });
    expect(chosen.map(({ name }) => name)).toEqual(removed);
  });
});

describe("images that nobody uses any more", () => {
  const minuteUs = 60_000_000;
  const ticker = { phaseUs: 0, periodUs: 5 * minuteUs };
  const at = (name: string, minutes: number): StoredImage => ({
    ...{ name, sizeBytes: 1, bytes: 1, pulledUs: 0, lastUsedUs: minutes * minuteUs },
  });
  const images = [at("old", 12), at("used", 12), at("newer", 16)];
  it.each([
    { minutes: 70, removed: [], because: "the kubelet noticed its use 60 minutes ago, at a tick of its own" },
    { minutes: 75, removed: ["old"], because: "that is longer than an hour" },
    { minutes: 80, removed: ["old", "newer"], because: "both are too old" },
    { minutes: 60, removed: [], because: "the kubelet itself is no older" },
  ])("go after $minutes minutes: $removed, since $because", ({ minutes, removed }) => {
    const options = { ticker, maxAgeUs: 60 * minuteUs, nowUs: minutes * minuteUs };
    expect(oldImages(images, new Set(["used"]), options).map(({ name }) => name)).toEqual(removed);
  });

  it("are gone from the node's status, too", () => {
    const manifest = JSON.stringify({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "p", labels: { app: "p" } },
      spec: { restartPolicy: "Never", containers: [{ name: "c", image: "example.com/job:1" }] },
    });
    const nodePools = [
      { name: "n", instanceType: "m6i.large", zones: ["us-east-1a"], min: 1, kubelet: { imageMaximumGCAge: "30m" } },
    ];
    const scenario = smallScenario(
      { warmUp: "0s", duration: "70m", cluster: { nodePools }, actions: [{ at: "5m", delete: "pod/p" }] },
      manifest,
    );
    const images = (atMinutes: number): number => {
      const simulation = new Simulation(scenario, "1");
      simulation.runUntil(atMinutes * minuteUs);
      const [node] = [...simulation.api.store.list("Node")];
      return node!.status.images?.length ?? 0;
    };
    expect([images(4), images(30), images(50)]).toEqual([1, 1, 0]);
  });
});

describe("limits of local storage", () => {
  const pod = {
    spec: {
      containers: [{ name: "c", resources: { limits: { "ephemeral-storage": "100Mi" } } }],
      volumes: [
        { name: "v", emptyDir: { sizeLimit: "64Mi" } },
        { name: "m", emptyDir: { sizeLimit: "1Mi", medium: "Memory" } },
      ],
    },
  } as unknown as Pod;
  const usage = (container: number, v: number, m = 0) => ({
    memoryBytes: new Map(),
    diskBytes: new Map([["c", container * mi]]),
    volumeBytes: new Map(
      [
        ["v", v * mi],
        ["m", m * mi],
      ].filter(([, bytes]) => (bytes as number) > 0) as [string, number][],
    ),
    inodes: 0,
    processes: 0,
  });
  it.each([
    { used: usage(10, 64), words: undefined, because: "a limit may be reached" },
    {
      used: usage(10, 65),
      words: 'Usage of EmptyDir volume "v" exceeds the limit "64Mi". ',
      because: "a volume is over",
    },
    { used: usage(0, 0, 50), words: undefined, because: "what lies in memory is no disk" },
    {
      used: usage(50, 60),
      words: "Pod ephemeral local storage usage exceeds the total limit of containers 100Mi. ",
      because: "layers and volumes count together",
    },
  ])("$because", ({ used, words }) => {
    expect(localStorageExcess(pod, used, false)).toBe(words);
  });
});

describe("a disk that fills", () => {
  const run = (manifest: string, behavior: object, seconds: number, kubelet: object = {}) => {
    const nodePools = [{ name: "general", instanceType: "m6i.large", zones: ["us-east-1a"], min: 1, kubelet }];
    const spec = { cluster: { nodePools }, warmUp: "0s", duration: "1h", behavior: [behavior] };
    const simulation = new Simulation(smallScenario(spec, manifest), "1");
    simulation.runUntil(seconds * 1_000_000);
    return simulation;
  };
  const events = ({ api }: Simulation, reason: string) =>
    [...api.events.all()].filter((event) => event.reason === reason);
  const writer = (fields: string): string => `apiVersion: v1
kind: Pod
metadata: { name: w }
spec: { ${fields} }
`;

  it("evicts who writes more into a volume than its sizeLimit, at the next round of the eviction manager", () => {
    const manifest = writer(
      'containers: [{ name: c, image: "i:1", volumeMounts: [{ name: v, mountPath: /v }] }], volumes: [{ name: v, emptyDir: { sizeLimit: 64Mi } }]',
    );
    const simulation = run(manifest, { for: "pod/w", disk: { growPerSecond: "1Mi", volume: "v" } }, 120);
    const [evicted] = events(simulation, "Evicted");
    expect(evicted!.message).toBe('Usage of EmptyDir volume "v" exceeds the limit "64Mi". ');
    expect(events(simulation, "EvictionThresholdMet")).toEqual([]);
  });

  it("evicts for the node when its own threshold is met, after unused images have been removed in vain", () => {
    const manifest = writer('containers: [{ name: c, image: "i:1" }]');
    const simulation = run(manifest, { for: "pod/w", disk: { growPerSecond: "100Mi" } }, 300);
    expect(events(simulation, "EvictionThresholdMet")[0]!.message).toBe("Attempting to reclaim ephemeral-storage");
    expect(events(simulation, "Evicted")[0]!.message).toContain("The node was low on resource: ephemeral-storage.");
  });

  it("says that too little could be collected where all images are in use", () => {
    const manifest = writer('containers: [{ name: c, image: "i:1" }]');
    const kubelet = { imageGCHighThresholdPercent: 20, imageGCLowThresholdPercent: 10 };
    const simulation = run(manifest, { for: "pod/w", disk: { growPerSecond: "10Mi" } }, 900, kubelet);
    expect(events(simulation, "FreeDiskSpaceFailed").length).toBeGreaterThan(0);
  });

  it("evicts who has most files when inodes run short, whatever their size", () => {
    const manifest = writer('containers: [{ name: c, image: "i:1" }]');
    const disk = { base: "1Mi", files: { growPerSecond: 20_000 } };
    const simulation = run(manifest, { for: "pod/w", disk }, 600);
    expect(events(simulation, "NodeHasDiskPressure")).toHaveLength(1);
    expect(events(simulation, "EvictionThresholdMet")[0]!.message).toBe("Attempting to reclaim inodes");
    expect(events(simulation, "Evicted")[0]!.message).toContain("The node was low on resource: inodes.");
  });
});

describe("a machine whose process IDs run short", () => {
  const manifest = `apiVersion: v1
kind: Pod
metadata: { name: w }
spec: { containers: [{ name: c, image: "i:1" }] }
`;
  const reasons = (kubelet: object): string[] => {
    const nodePools = [{ name: "general", instanceType: "m6i.large", zones: ["us-east-1a"], min: 1, kubelet }];
    const behavior = [{ for: "pod/w", processes: { growPerSecond: 500 } }];
    const spec = { cluster: { nodePools }, warmUp: "0s", duration: "10m", behavior };
    const simulation = new Simulation(smallScenario(spec, manifest), "1");
    simulation.runUntil(simulation.endUs);
    return [...simulation.api.events.all()].map(({ reason }) => reason);
  };
  const evictionHard = { "pid.available": "10%" };

  it("evicts who has most processes", () => {
    expect(reasons({ evictionHard })).toEqual(expect.arrayContaining(["NodeHasInsufficientPID", "Evicted"]));
  });

  it("does without while nobody said at which threshold, and where a pod may not have so many", () => {
    expect(reasons({})).not.toContain("Evicted");
    expect(reasons({ evictionHard, podPidsLimit: 1024 })).not.toContain("Evicted");
  });
});
