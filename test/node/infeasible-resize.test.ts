import { describe, expect, it } from "vitest";
import type { Pod } from "../../src/model/index.ts";
import { infeasibleResize, type ResizePolicies } from "../../src/node/infeasible-resize.ts";
import { Simulation } from "../../src/simulate.ts";
import { smallScenario } from "../small-scenario.ts";

const usual: ResizePolicies = { cpuManagerPolicy: "none", memoryManagerPolicy: "None", swapBehavior: "NoSwap" };

interface Amounts {
  readonly cpu: string;
  readonly memory: string;
}

/** One container; Guaranteed unless its limit of memory is another. */
function pod({ cpu, memory }: Amounts, limit = memory, fields: object = {}, annotations: object = {}): Pod {
  const resources = { requests: { cpu, memory }, limits: { cpu, memory: limit } };
  const spec = { containers: [{ name: "c", resources, ...fields }] };
  return { metadata: { name: "p", annotations }, spec, status: {} } as unknown as Pod;
}

describe("a resize that will never be granted", () => {
  const small = { cpu: "1", memory: "1Gi" };
  const moreCpu = { cpu: "2", memory: "1Gi" };
  const moreMemory = { cpu: "1", memory: "2Gi" };
  const restarts = { resizePolicy: [{ resourceName: "memory", restartPolicy: "RestartContainer" }] };
  const isStatic = { "kubernetes.io/config.source": "file" };
  const guaranteed = "Resize is infeasible for Guaranteed Pods alongside";

  it.each<{ because: string; now: Pod; was: Pod; policies?: Partial<ResizePolicies>; expected: string | undefined }>([
    { because: "nothing forbids it", now: pod(moreCpu), was: pod(small), expected: undefined },
    {
      because: "a file on the machine decides about the pod",
      now: pod(moreCpu, "1Gi", {}, isStatic),
      was: pod(small),
      expected: "In-place resize of static-pods is not supported",
    },
    {
      because: "cores were given away whole",
      now: pod(moreCpu),
      was: pod(small),
      policies: { cpuManagerPolicy: "static" },
      expected: `${guaranteed} CPU Manager policy "static"`,
    },
    {
      because: "cores were given away whole, but memory is what changes",
      now: pod(moreMemory),
      was: pod(small),
      policies: { cpuManagerPolicy: "static" },
      expected: undefined,
    },
    {
      because: "memory was given away by node",
      now: pod(moreMemory),
      was: pod(small),
      policies: { memoryManagerPolicy: "Static" },
      expected: `${guaranteed} Memory Manager policy "Static"`,
    },
    {
      because: "only Guaranteed pods are given any",
      now: pod(moreMemory, "4Gi"),
      was: pod(small, "4Gi"),
      policies: { cpuManagerPolicy: "static", memoryManagerPolicy: "Static" },
      expected: undefined,
    },
    {
      because: "its share of swap would change",
      now: pod(moreMemory, "4Gi"),
      was: pod(small, "4Gi"),
      policies: { swapBehavior: "LimitedSwap" },
      expected: "In-place resize of containers with swap is not supported.",
    },
    {
      because: "its share of swap would change, with a restart",
      now: pod(moreMemory, "4Gi", restarts),
      was: pod(small, "4Gi", restarts),
      policies: { swapBehavior: "LimitedSwap" },
      expected: undefined,
    },
    {
      because: "Guaranteed pods do not swap",
      now: pod(moreMemory),
      was: pod(small),
      policies: { swapBehavior: "LimitedSwap" },
      expected: undefined,
    },
  ])("$because", ({ now, was, policies, expected }) => {
    expect(infeasibleResize(now, was, { ...usual, ...policies })).toBe(expected);
  });

  it("is called Infeasible, and not tried again", () => {
    const manifest = `apiVersion: v1
kind: Pod
metadata: { name: p }
spec: { containers: [{ name: c, image: "i:1", resources: { limits: { cpu: 500m, memory: 256Mi } } }] }
`;
    const pool = { name: "general", instanceType: "m6i.large", zones: ["us-east-1a"], min: 1 };
    const nodePools = [{ ...pool, kubelet: { cpuManagerPolicy: "static" } }];
    const actions = [{ at: "10s", resize: "pod/p", limits: { cpu: "1" }, requests: { cpu: "1" } }];
    const simulation = new Simulation(smallScenario({ cluster: { nodePools }, actions }, manifest), "1");
    simulation.runUntil(simulation.endUs);
    const [stored] = [...simulation.api.store.list("Pod")];
    const pending = stored!.status.conditions?.find(({ type }) => type === "PodResizePending");
    expect(pending).toMatchObject({ status: "True", reason: "Infeasible" });
    const told = [...simulation.api.events.all()].filter(({ reason }) => reason.startsWith("Resize"));
    expect(told.map(({ reason }) => reason)).toEqual(["ResizeInfeasible"]);
  });
});
