import { describe, expect, it } from "vitest";
import type { LogEntry } from "../../src/apiserver/index.ts";
import { type Node, objectKey, type Pod, podCondition } from "../../src/model/index.ts";
import { isMirrorPod } from "../../src/node/static-pods.ts";
import { Simulation } from "../../src/simulate.ts";
import { smallScenario } from "../small-scenario.ts";

const pod = (name: string, fields = ""): string => `apiVersion: v1
kind: Pod
metadata: { name: ${name} }
spec:
  terminationGracePeriodSeconds: 60
  ${fields}
  containers: [{ name: c, image: "i:1", resources: { requests: { cpu: 100m, memory: 64Mi } } }]
`;

interface Run {
  readonly simulation: Simulation;
  /** What was written of pods and nodes, in seconds after the start. */
  readonly writes: { readonly atSeconds: number; readonly object: Pod | Node }[];
}

function runWith(pool: object, spec: object, manifests: string, seconds: number, files = {}): Run {
  const nodePools = [{ name: "general", instanceType: "m6i.large", zones: ["us-east-1a"], min: 1, ...pool }];
  const writes: Run["writes"] = [];
  let startUs = 0;
  const onCommit = ({ after, atUs }: LogEntry): void => {
    if (after?.kind === "Pod" || after?.kind === "Node")
      writes.push({ atSeconds: (atUs - startUs) / 1_000_000, object: after as Pod | Node });
  };
  const scenario = smallScenario({ cluster: { nodePools }, ...spec }, manifests, files);
  startUs = scenario.warmUpUs;
  const simulation = new Simulation(scenario, "1", { onCommit });
  simulation.runUntil(startUs + seconds * 1_000_000);
  return { simulation, writes };
}

const nodeOf = ({ api }: Simulation): Node => api.store.get("Node", objectKey(undefined, "general-1"))!;
const ready = (node: Node) => node.status.conditions!.find(({ type }) => type === "Ready")!;
const podNamed = ({ api }: Simulation, name: string): Pod | undefined =>
  api.store.get("Pod", objectKey("default", name));

describe("a container runtime that is not ready", () => {
  const faults = [{ at: "1m", kind: "runtime-not-ready", where: { pool: "general" }, for: "90s" }];
  const actions = [{ at: "80s", apply: "late.yaml" }];

  it("makes the node not ready in upstream's words, first as not ready, after 30 s as down", () => {
    const at = (seconds: number) => ready(nodeOf(runWith({}, { faults }, pod("early"), seconds).simulation));
    expect(at(80)).toMatchObject({
      status: "False",
      reason: "KubeletNotReady",
      message: "container runtime not ready: RuntimeReady=false reason: message:",
    });
    const both = "[container runtime is down, container runtime not ready: RuntimeReady=false reason: message:]";
    expect(at(110).message).toBe(both);
    expect(at(170)).toMatchObject({ status: "True", reason: "KubeletReady" });
  });

  it("lets what runs run on, and starts nothing before it is back", () => {
    const spec = { faults, actions };
    const { simulation, writes } = runWith({}, spec, pod("early"), 300, {
      "late.yaml": pod("late", "tolerations: [{ operator: Exists }]"),
    });
    expect(podNamed(simulation, "early")!.status.containerStatuses![0]!.restartCount).toBe(0);
    const running = writes.find(({ object }) => object.metadata.name === "late" && object.status.phase === "Running")!;
    expect(running.atSeconds).toBeGreaterThan(150);
    expect(running.atSeconds).toBeLessThan(165);
  });
});

describe("a machine that is shut down", () => {
  const faults = [{ at: "1m", kind: "machine-shutdown", where: { pool: "general" }, for: "3m" }];

  it("ends its pods within the time its kubelet has for them, ordinary ones first, and is not ready meanwhile", () => {
    const kubelet = { shutdownGracePeriod: "30s", shutdownGracePeriodCriticalPods: "10s" };
    const manifests = `${pod("ordinary")}---\n${pod("critical", "priorityClassName: system-node-critical")}`;
    const { simulation, writes } = runWith({ kubelet }, { faults }, manifests, 120);
    const ended = (name: string): number =>
      writes.find(({ object }) => object.metadata.name === name && object.status.phase === "Failed")!.atSeconds;
    expect(ended("ordinary")).toBeLessThan(ended("critical"));
    expect(podNamed(simulation, "ordinary")!.status).toMatchObject({
      reason: "Terminated",
      message: "Pod was terminated in response to imminent node shutdown.",
    });
    expect(podCondition(podNamed(simulation, "ordinary")!, "DisruptionTarget")?.reason).toBe("TerminationByKubelet");
    const first = writes.find(({ object, atSeconds }) => object.kind === "Node" && atSeconds > 60)!.object as Node;
    expect(ready(first)).toMatchObject({ status: "False", message: "node is shutting down" });
    expect(simulation.world.machine("general-1")!.powered).toBe(false);
  });

  it("is off at once where its kubelet was given no time", () => {
    const { simulation } = runWith({}, { faults }, pod("ordinary"), 62);
    expect(simulation.world.machine("general-1")!.powered).toBe(false);
    expect(podNamed(simulation, "ordinary")!.status.phase).toBe("Running");
  });
});

describe("a static pod", () => {
  const files = { "agent.yaml": pod("agent") };
  const mirror = (simulation: Simulation): Pod | undefined => podNamed(simulation, "agent-general-1");

  it("runs on every machine of its pool, and the API server shows its mirror with its status", () => {
    const { simulation } = runWith({ staticPods: ["agent.yaml"], min: 2 }, {}, pod("other"), 30, files);
    expect(isMirrorPod(mirror(simulation)!)).toBe(true);
    expect(mirror(simulation)!.status).toMatchObject({ phase: "Running", containerStatuses: [{ ready: true }] });
    expect(mirror(simulation)!.metadata.ownerReferences).toMatchObject([{ kind: "Node", name: "general-1" }]);
    expect(podNamed(simulation, "agent-general-2")?.status.phase).toBe("Running");
  });

  it("does not notice that its mirror is deleted; the mirror is made again", () => {
    const { simulation } = runWith({ staticPods: ["agent.yaml"] }, {}, pod("other"), 30, files);
    const first = mirror(simulation)!.metadata.uid;
    simulation.api.handle({ verb: "delete", kind: "Pod", key: objectKey("default", "agent-general-1") });
    simulation.runUntil(simulation.nowUs + 30_000_000);
    const stored = mirror(simulation)!;
    expect(stored.metadata.uid).not.toBe(first);
    expect(stored.status.containerStatuses![0]).toMatchObject({ restartCount: 0, ready: true });
  });
});

describe("a kubelet that starts anew while containers run on", () => {
  const behavior = [{ for: "pod/crashing", exit: { after: "1s", code: 1 } }];
  const faults = [{ at: "9m", kind: "kubelet-stop", where: { pool: "general" }, for: "20s" }];
  /** Starts of the container, in seconds. */
  const starts = (spec: object): number[] => {
    const { writes } = runWith({}, { behavior, duration: "20m", warmUp: "1s", ...spec }, pod("crashing"), 1_000);
    const counts = new Map<number, number>();
    for (const { object, atSeconds } of writes) {
      const { restartCount, state } = (object as Pod).status.containerStatuses?.[0] ?? {};
      if (state?.running !== undefined && !counts.has(restartCount!)) counts.set(restartCount!, atSeconds);
    }
    return [...counts.values()];
  };

  it("has forgotten how long a container is to wait, and begins with ten seconds again", () => {
    const without = starts({});
    expect(without.filter((at) => at > 540 && at < 620)).toEqual([]); // It waits for five minutes by then.
    const [first, second, third] = starts({ faults }).filter((at) => at > 540);
    expect(first! - 560).toBeGreaterThan(0); // The kubelet takes seconds to start.
    expect(first! - 560).toBeLessThan(40);
    expect(second! - first!).toBeLessThan(20);
    expect(third! - second!).toBeLessThan(40);
  });
});
