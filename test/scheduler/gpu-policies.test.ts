import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fill } from "../../src/experiment/index.ts";
import type { Pod } from "../../src/model/index.ts";
import {
  type OpenbNode,
  type OpenbPod,
  type OpenbPolicy,
  openbConfiguration,
  openbNode,
  openbPodSpec,
  openbPolicies,
  parseOpenbNodes,
  parseOpenbPods,
  typicalMix,
} from "../../src/scenario/index.ts";
import {
  FastCycle,
  Framework,
  fragmentation,
  gpuDevicesOf,
  loadConfiguration,
  pluginRegistry,
  podInfo,
  Snapshot,
  schedulePod,
  type TypicalPod,
  WaitingPods,
} from "../../src/scheduler/index.ts";

const node = (name: string, gpus: number, more: Partial<OpenbNode> = {}): OpenbNode => ({
  name,
  cpuMillicores: 96_000,
  memoryMib: 100_000,
  gpus,
  model: "G2",
  ...more,
});

const asking = (gpus: number, gpuMilli: number, more: Partial<OpenbPod> = {}): OpenbPod => ({
  name: "p",
  cpuMillicores: 4_000,
  memoryMib: 1_000,
  gpus,
  gpuMilli,
  models: [],
  createdSeconds: 0,
  deletedSeconds: 1,
  ...more,
});

/** Machines under one policy, on which pods are placed one after another. */
class Machines {
  readonly snapshot = new Snapshot();
  readonly framework: Framework;
  readonly cycle: FastCycle;
  readonly scheduler = { nextStartNodeIndex: 0, percentageOfNodesToScore: 100, random: () => 0 };
  #placed = 0;

  constructor(policy: OpenbPolicy, nodes: readonly OpenbNode[], mix: readonly TypicalPod[] = [], random = () => 0) {
    for (const one of nodes) this.snapshot.setNode(openbNode(one));
    const { profiles } = loadConfiguration(openbConfiguration(policy, mix));
    const surroundings = { waitingPods: new WaitingPods(), nowUs: () => 0, random };
    this.framework = new Framework(profiles[0]!, pluginRegistry(), this.snapshot, surroundings);
    this.cycle = new FastCycle(this.framework);
  }

  /** The node that the pod gets, if any; `plainly` without the fast cycle. */
  place(pod: OpenbPod, plainly = false): string | undefined {
    const metadata = { name: `p${this.#placed++}`, namespace: "default", uid: `u${this.#placed}` };
    const info = podInfo({
      apiVersion: "v1",
      kind: "Pod",
      metadata,
      spec: openbPodSpec(pod),
      status: {},
    } as unknown as Pod);
    const decision = plainly
      ? schedulePod(this.framework, info, this.scheduler)
      : this.cycle.schedule(info, this.scheduler);
    if (decision.result !== "scheduled") return undefined;
    this.snapshot.assume(info, decision.nodeName);
    this.framework.runReserve(decision.state, info, decision.nodeName);
    return decision.nodeName;
  }

  left(name: string): readonly number[] {
    return gpuDevicesOf(this.snapshot).left(this.snapshot.node(name)!);
  }
}

describe("shared GPUs", () => {
  it("hold parts of pods on one of them, and whole ones only where nothing else is", () => {
    const machines = new Machines("BestFit", [node("n", 2)]);
    expect(machines.place(asking(1, 600))).toBe("n");
    expect(machines.place(asking(1, 600))).toBe("n");
    expect(machines.left("n")).toEqual([400, 400]);
    expect(machines.place(asking(1, 600))).toBeUndefined(); // 800 are left, on two.
    expect(machines.place(asking(1, 1000))).toBeUndefined();
    expect(machines.place(asking(1, 400))).toBe("n");
  });

  it("are of the models a pod may use", () => {
    const machines = new Machines("Random", [node("n0", 2), node("n1", 2, { model: "T4" })]);
    expect(machines.place(asking(1, 1000, { models: ["T4", "P100"] }))).toBe("n1");
    expect(machines.place(asking(1, 1000, { models: ["V100M16"] }))).toBeUndefined();
  });

  const nodes = fc.array(
    fc.record({ gpus: fc.constantFrom(1, 2, 4, 8), cpuMillicores: fc.constantFrom(8_000, 32_000, 96_000) }),
    { minLength: 1, maxLength: 6 },
  );
  const pods = fc.array(
    fc.oneof(
      fc.record({ gpus: fc.constant(1), gpuMilli: fc.constantFrom(100, 320, 470, 810) }),
      fc.record({ gpus: fc.constantFrom(0, 1, 2, 4), gpuMilli: fc.constant(1000) }),
    ),
    { maxLength: 40 },
  );

  it.each(openbPolicies)("are placed by %s as plain code and fast cycle agree, and never given twice", (policy) => {
    fc.assert(
      fc.property(nodes, pods, (shapes, wanted) => {
        const machinesOf = shapes.map((shape, index) => node(`n${index}`, shape.gpus, shape));
        const list = wanted.map(({ gpus, gpuMilli }) => asking(gpus, gpuMilli));
        const mix = typicalMix(list);
        const luck = (): (() => number) => {
          let state = 1;
          return () => {
            state = (state * 48271) % 2147483647;
            return state / 2147483647;
          };
        };
        const fast = new Machines(policy, machinesOf, mix, luck());
        const plain = new Machines(policy, machinesOf, mix, luck());
        for (const pod of list) expect(fast.place(pod)).toBe(plain.place(pod, true));
        for (const { name } of machinesOf) {
          expect(fast.left(name)).toEqual(plain.left(name));
          for (const milli of fast.left(name)) expect(milli).toBeGreaterThanOrEqual(0);
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe("a placement policy", () => {
  it.each([
    { policy: "BestFit", first: [asking(1, 1000)], on: "small", because: "least is left over there" },
    {
      policy: "DotProd",
      first: [asking(1, 470, { cpuMillicores: 40_000 })],
      on: "small",
      because: "its free vector is the shorter one",
    },
    { policy: "GpuPacking", first: [asking(1, 470)], on: "small", because: "32 beats 25 among idle machines" },
  ] as const)("$policy puts a pod on $on: $because", ({ policy, first, on }) => {
    const machines = new Machines(policy, [node("big", 8), node("small", 1, { cpuMillicores: 48_000 })]);
    for (const pod of first) expect(machines.place(pod)).toBe(on);
  });

  it("GpuPacking prefers a shared GPU to an idle one, and a used machine to an idle one", () => {
    const machines = new Machines("GpuPacking", [node("n0", 2), node("n1", 2), node("n2", 1)]);
    expect(machines.place(asking(1, 400))).toBe("n2");
    expect(machines.place(asking(1, 500))).toBe("n2");
    expect(machines.left("n2")).toEqual([100]);
    expect(machines.place(asking(1, 500))).toBe("n0");
    expect(machines.place(asking(1, 1000))).toBe("n0");
  });

  it("GpuClustering keeps pods of one size together", () => {
    const machines = new Machines("GpuClustering", [node("n0", 8), node("n1", 8)]);
    expect(
      [asking(1, 500), asking(2, 1000), asking(1, 300), asking(2, 1000)].map((pod) => machines.place(pod)),
    ).toEqual(["n0", "n1", "n0", "n1"]);
  });

  it("FGD does not strand what the mix asks for", () => {
    const mix = [
      { cpuMillicores: 4_000, gpuCount: 1, gpuMilli: 1000, share: 0.5 },
      { cpuMillicores: 4_000, gpuCount: 1, gpuMilli: 500, share: 0.5 },
    ];
    const machines = new Machines("FGD", [node("n0", 2), node("n1", 1)], mix);
    expect(machines.place(asking(1, 500))).toBe("n0");
    expect(machines.place(asking(1, 500))).toBe("n0");
    expect([...machines.left("n0")].sort()).toEqual([0, 1000]);
  });

  const one = { cpuMillicores: 4_000, gpuCount: 1, share: 1 };
  it.each([
    { mix: [{ ...one, gpuMilli: 500 }], gpus: [1000, 400], expected: 400, because: "400 are too few for a part" },
    { mix: [{ ...one, gpuMilli: 1000 }], gpus: [900, 400], expected: 1300, because: "no GPU is whole" },
    { mix: [{ ...one, gpuMilli: 500, cpuMillicores: 9_000 }], gpus: [1000], expected: 1000, because: "CPU is short" },
    { mix: [{ ...one, gpuMilli: 500, models: ["T4"] }], gpus: [1000], expected: 1000, because: "the model is another" },
    { mix: [{ ...one, gpuCount: 0, gpuMilli: 0 }], gpus: [300, 0], expected: 300, because: "nobody wants GPUs" },
    {
      mix: [
        { ...one, gpuMilli: 500, share: 0.25 },
        { ...one, gpuMilli: 300, share: 0.75 },
      ],
      gpus: [400],
      expected: 100,
      because: "a quarter of the pods cannot use it",
    },
  ])("counts $expected of $gpus as fragments: $because", ({ mix, gpus, expected }) => {
    expect(fragmentation(mix, { cpuMillicores: 8_000, model: "G2", gpus })).toBe(expected);
  });
});

const traces = resolve(import.meta.dirname, "../../../shared/data/traces");

describe.skipIf(!existsSync(traces))("the openb trace (skipped without ../shared/data/traces)", () => {
  const read = (file: string): string => readFileSync(resolve(traces, file), "utf8");

  it("fills its machines under every policy up to 130 % of arrived demand, the same for the same seed", () => {
    const nodes = parseOpenbNodes(read("openb_node_list_gpu_node.csv"), "nodes").filter((_node, at) => at % 20 === 0);
    const pods = parseOpenbPods(read("openb_pod_list_default.csv"), "pods").filter((_pod, at) => at % 20 === 0);
    for (const policy of openbPolicies) {
      const { allocated, fragmented } = fill({ nodes, pods }, policy, "1");
      expect(allocated).toHaveLength(131);
      expect(fill({ nodes, pods }, policy, "1").allocated).toEqual(allocated);
      expect(allocated[130]).toBeGreaterThan(75);
      for (const [at, share] of allocated.entries()) {
        expect(share + fragmented[at]!).toBeLessThanOrEqual(100.001);
        if (at > 0) expect(share).toBeGreaterThanOrEqual(allocated[at - 1]!);
      }
    }
  });
});
