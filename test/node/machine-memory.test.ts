import { describe, expect, it } from "vitest";
import { objectKey, type Pod } from "../../src/model/index.ts";
import { Simulation } from "../../src/simulate.ts";
import { type Machine, oomVictim } from "../../src/world/index.ts";
import { smallScenario } from "../small-scenario.ts";

const mi = 1_048_576;

describe("the kernel without memory kills", () => {
  const container = (heldMi: number, oomScoreAdj: number, running = true) => ({
    running,
    memoryBytes: heldMi * mi,
    limits: { oomScoreAdj },
  });
  const machine = (...containers: object[]): Machine =>
    ({
      spec: { type: { memoryBytes: 1000 * mi } },
      pods: new Set(containers.map((one) => ({ containers: [one] }))),
    }) as unknown as Machine;

  it.each([
    { because: "it holds most", containers: [container(100, 0), container(300, 0), container(200, 0)], victim: 1 },
    { because: "its score outweighs 400 MiB", containers: [container(500, 0), container(150, 400)], victim: 1 },
    { because: "a guaranteed one is spared", containers: [container(900, -997), container(10, 2)], victim: 1 },
    { because: "the first of equals", containers: [container(100, 5), container(100, 5)], victim: 0 },
    { because: "the other has ended", containers: [container(10, 0), container(900, 0, false)], victim: 0 },
  ])("container $victim, because $because", ({ containers, victim }) => {
    expect(oomVictim(machine(...containers))?.container).toBe(containers[victim]);
  });
});

describe("memory that leaks", () => {
  const leaky = (limit: string): string => `apiVersion: v1
kind: Pod
metadata: { name: leaky }
spec:
  containers: [{ name: c, image: "i:1", resources: { requests: { memory: 256Mi }${limit} } }]
`;
  const run = (manifests: string, leakPerSecond: string, others: readonly object[] = []) => {
    const kills: {
      readonly what: string;
      readonly name: string;
      readonly ranUs: number;
      readonly heldBytes: number;
    }[] = [];
    const pool = { name: "general", instanceType: "m6i.large", zones: ["us-east-1a"], min: 1 };
    const memory = { base: "256Mi", leakPerSecond };
    const behavior = [{ for: "pod/leaky", memory }, ...others];
    const scenario = smallScenario(
      { cluster: { nodePools: [pool] }, warmUp: "0s", duration: "30m", behavior },
      manifests,
    );
    const simulation = new Simulation(scenario, "1");
    simulation.world.onChange((change) => {
      if (change.what !== "memory-over-limit" && change.what !== "machine-out-of-memory") return;
      const { memoryBytes: heldBytes, startedAtUs } = change.container;
      kills.push({ what: change.what, name: change.pod.key, ranUs: simulation.nowUs - startedAtUs, heldBytes });
    });
    return { simulation, kills };
  };

  it("is killed at the very instant at which it passes its limit", () => {
    const { simulation, kills } = run(leaky(", limits: { memory: 512Mi }"), "7Mi");
    simulation.runUntil(200_000_000);
    // 256 MiB and a byte at 7 MiB a second.
    const atUs = Math.ceil(((256 * mi + 1) * 1e6) / (7 * mi));
    expect(kills[0]!.what).toBe("memory-over-limit");
    expect(kills[0]!.heldBytes).toBeGreaterThan(512 * mi);
    expect(kills[0]!.heldBytes).toBeLessThanOrEqual(512 * mi + 8); // A microsecond is worth 7.3 bytes.
    expect(Math.abs(kills[0]!.ranUs - atUs)).toBeLessThanOrEqual(1);
  });

  it("is held to its pod's limit where it has none of its own", () => {
    const manifest = leaky("").replace("spec:\n", "spec:\n  resources: { limits: { memory: 512Mi } }\n");
    const { simulation, kills } = run(manifest, "7Mi");
    simulation.runUntil(200_000_000);
    expect(kills[0]).toMatchObject({ what: "memory-over-limit" });
  });

  it("without a limit ends with the machine's: who holds most for its request dies, as the kernel, not the kubelet, decides", () => {
    // Faster than the eviction manager's rounds: the machine has 100 MiB less for a second, then nothing.
    const { simulation, kills } = run(leaky(""), "120Mi");
    simulation.runUntil(300_000_000);
    const [kill] = kills;
    expect(kill).toMatchObject({ what: "machine-out-of-memory", name: "default/leaky" });
    const pod: Pod = simulation.api.store.get("Pod", objectKey("default", "leaky"))!;
    const { state, lastState } = pod.status.containerStatuses![0]!;
    expect((lastState?.terminated ?? state?.terminated)?.reason).toBe("OOMKilled");
    expect([...simulation.api.events.all()].some(({ reason }) => reason === "SystemOOM")).toBe(true);
  });
});
