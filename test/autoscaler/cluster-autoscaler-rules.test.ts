import { describe, expect, it } from "vitest";
import { Backoff } from "../../src/autoscaler/cluster-autoscaler/backoff.ts";
import { goDuration } from "../../src/autoscaler/cluster-autoscaler/cluster-state.ts";
import { DisruptionBudgets } from "../../src/autoscaler/cluster-autoscaler/disruption-budgets.ts";
import { type DrainContext, drainabilityOf } from "../../src/autoscaler/cluster-autoscaler/drainability.ts";
import { nodeLimit } from "../../src/autoscaler/cluster-autoscaler/estimator.ts";
import {
  applyChain,
  filterOptions,
  type Market,
  type Option,
} from "../../src/autoscaler/cluster-autoscaler/expanders.ts";
import type { NodeGroup } from "../../src/autoscaler/cluster-autoscaler/node-groups.ts";
import { defaultOptions } from "../../src/autoscaler/cluster-autoscaler/options.ts";
import { balance } from "../../src/autoscaler/cluster-autoscaler/similar-groups.ts";
import { utilizationOf } from "../../src/autoscaler/cluster-autoscaler/utilization.ts";
import { type Node, type Pod, type PodDisruptionBudget, WallClock } from "../../src/model/index.ts";
import { groupsOf } from "./groups-of.ts";

const second = 1_000_000;
const minute = 60 * second;
const clock = new WallClock(946_684_800_000_000);

function group(id: string, target: number, max = 10, pricePerHour = 0.1): NodeGroup {
  return { spec: { id, template: {} as Node, pricePerHour }, min: 0, max, target, instances: [] };
}

function pod(changes: { readonly [part: string]: unknown } = {}, requests = { cpu: "500m", memory: "1Gi" }): Pod {
  const owner = { apiVersion: "apps/v1", kind: "ReplicaSet", name: "web", uid: "web", controller: true };
  const { metadata, spec, status } = changes as { metadata?: object; spec?: object; status?: object };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: "web-1",
      namespace: "default",
      creationTimestamp: "2000-01-01T00:00:00Z",
      labels: { app: "web" },
      ownerReferences: [owner],
      ...metadata,
    },
    spec: { containers: [{ name: "c", resources: { requests } }], ...spec },
    status: { phase: "Running", ...status },
  } as unknown as Pod;
}

describe("back-off of a group that failed to grow", () => {
  it("lasts 5 min, then 10, then 20, then 30, and is forgotten after 3 h without a failure", () => {
    const backoff = new Backoff({ initialUs: 5 * minute, maxUs: 30 * minute, resetUs: 180 * minute });
    let nowUs = 0;
    for (const minutes of [5, 10, 20, 30, 30]) {
      backoff.failed("ng", nowUs);
      expect(backoff.isBackedOff("ng", nowUs + minutes * minute)).toBe(true);
      nowUs += minutes * minute + 1;
      expect(backoff.isBackedOff("ng", nowUs)).toBe(false);
    }
    nowUs += 200 * minute;
    backoff.forgetOld(nowUs);
    backoff.failed("ng", nowUs);
    expect(backoff.isBackedOff("ng", nowUs + 5 * minute + 1)).toBe(false);
  });

  it("does not grow by failures while it lasts", () => {
    const backoff = new Backoff({ initialUs: 5 * minute, maxUs: 30 * minute, resetUs: 180 * minute });
    backoff.failed("ng", 0);
    backoff.failed("ng", minute);
    expect(backoff.isBackedOff("ng", 5 * minute + 1)).toBe(false);
  });
});

describe("balancing similar groups", () => {
  it.each([
    { targets: [3, 1, 0], max: 10, wanted: 5, sizes: { c: 3, b: 3 }, because: "the smallest grow first" },
    { targets: [0, 0, 0], max: 10, wanted: 4, sizes: { a: 2, b: 1, c: 1 }, because: "the rest goes to the first" },
    { targets: [9, 9, 2], max: 10, wanted: 20, sizes: { c: 10, a: 10, b: 10 }, because: "nobody passes its maximum" },
    { targets: [10, 1, 10], max: 10, wanted: 3, sizes: { b: 4 }, because: "full groups take no part" },
  ])("raises $targets by $wanted to $sizes: $because", ({ targets, max, wanted, sizes }) => {
    const groups = targets.map((target, index) => group("abc"[index]!, target, max));
    const raised = balance(groups, wanted).map(({ group: { spec }, newSize }) => [spec.id, newSize]);
    expect(Object.fromEntries(raised)).toEqual(sizes);
  });
});

describe("how many nodes an estimate may add", () => {
  const free = { maxNodesPerScaleUp: 1000, room: [20], maxNodesTotal: 0, currentNodes: 5 };
  it.each([
    { limits: free, most: 20, because: "the group's room" },
    { limits: { ...free, room: [2, 3, -1] }, most: 5, because: "that of similar groups too, but never a negative one" },
    { limits: { ...free, maxNodesTotal: 8 }, most: 3, because: "the cluster's" },
    { limits: { ...free, maxNodesTotal: 5 }, most: 0, because: "nothing is left of the cluster's" },
    { limits: { ...free, maxNodesPerScaleUp: 7 }, most: 7, because: "that of one scale-up" },
    { limits: { ...free, room: [0] }, most: 0, because: "a full group's" },
  ])("is $most: $because", ({ limits, most }) => {
    expect(nodeLimit(limits)).toBe(most);
  });
});

describe("expanders", () => {
  const option = (id: string, nodeCount: number, pods: number, cores: number, price: number): Option => ({
    group: group(id, 0, 10, price),
    nodeCount,
    pods: Array.from({ length: pods }, () => pod()),
    requested: { cpuMillicores: 500 * pods, memoryBytes: 1_073_741_824 * pods },
    similar: [],
    capacity: { cpuMillicores: cores * 1000, memoryBytes: cores * 4 * 1_073_741_824 },
    hasGpu: false,
  });
  const small = option("small", 4, 8, 2, 0.1);
  const large = option("large", 1, 8, 8, 0.4);
  const tight = option("tight", 1, 4, 2, 0.1);
  const complaints: string[] = [];
  const market: Market = { nodeCount: 3, priorities: undefined, complain: (reason) => complaints.push(reason) };
  it.each([
    { expander: "most-pods", left: ["small", "large"] },
    { expander: "least-nodes", left: ["large", "tight"] },
    { expander: "least-waste", left: ["tight"] },
    { expander: "random", left: ["small", "large", "tight"] },
  ])("$expander keeps $left, ties and all", ({ expander, left }) => {
    const kept = filterOptions(expander, [small, large, tight], market);
    expect(kept.map(({ group: { spec } }) => spec.id)).toEqual(left);
  });

  it("are applied one after the other until one option is left", () => {
    const [best, ...others] = applyChain(["most-pods", "least-nodes"], [small, large, tight], market);
    expect([best!.group.spec.id, others.length]).toEqual(["large", 0]);
  });

  it.each([
    { priorities: "10:\n- small\n20:\n- la.*\n", left: ["large"], because: "the highest priority with a match wins" },
    { priorities: "10:\n- huge\n", left: ["small", "large"], because: "nothing matches" },
    { priorities: "10:\n- small\n10: bad\n", left: ["small", "large"], because: "the map is invalid" },
    { priorities: "", left: ["small", "large"], because: "there is no map" },
  ])("priority keeps $left: $because", ({ priorities, left }) => {
    const kept = filterOptions("priority", [small, large], { ...market, priorities });
    expect(kept.map(({ group: { spec } }) => spec.id)).toEqual(left);
  });
});

describe("equivalence groups", () => {
  const named = (name: string, spec = {}, uid = "web"): Pod =>
    pod({
      metadata: { name, ownerReferences: [{ kind: "ReplicaSet", name: uid, uid, controller: true }] },
      spec,
    });
  it("hold pods of one controller with equal specs, in first-seen order", () => {
    const token = (name: string) => ({ volumes: [{ name: `kube-api-access-${name}`, projected: {} }] });
    const groups = groupsOf([
      named("a", token("x")),
      named("b", { nodeSelector: { disk: "ssd" } }),
      named("c", token("y")),
      named("d", {}, "other"),
    ]);
    expect(groups.map(({ pods }) => pods.map(({ metadata }) => metadata.name))).toEqual([["a", "c"], ["b"], ["d"]]);
  });

  it("remember ten specs of a controller; every further pod stands alone", () => {
    const many = Array.from({ length: 12 }, (_, index) => named(`p${index}`, { nodeSelector: { n: String(index) } }));
    expect(groupsOf([...many, named("q", { nodeSelector: { n: "11" } })])).toHaveLength(13);
    expect(groupsOf([...many, named("q", { nodeSelector: { n: "9" } })])).toHaveLength(12);
  });
});

describe("drainability of a pod", () => {
  const nowUs = 2 * 60 * minute;
  const budget = (disruptionsAllowed: number): PodDisruptionBudget =>
    ({
      metadata: { name: "b", namespace: "default" },
      spec: { selector: { matchLabels: { app: "web" } } },
      status: { disruptionsAllowed },
    }) as unknown as PodDisruptionBudget;
  const context = (budgets: readonly PodDisruptionBudget[] = []): DrainContext => ({
    options: defaultOptions.drainability,
    replicasOf: (_kind, _namespace, name) => (name === "web" ? 3 : undefined),
    budgets: new DisruptionBudgets(budgets),
    clock,
    nowUs,
  });
  const safe = (value: string) => ({ annotations: { "cluster-autoscaler.kubernetes.io/safe-to-evict": value } });
  const emptyDir = { volumes: [{ name: "scratch", emptyDir: {} }] };
  const gone = { ownerReferences: [{ kind: "ReplicaSet", name: "gone", uid: "gone", controller: true }] };
  it.each([
    { what: "a replicated pod", pod: pod(), verdict: "UndefinedOutcome" },
    { what: "a bare pod", pod: pod({ metadata: { ownerReferences: [] } }), verdict: "NotReplicated" },
    { what: "a pod whose controller is gone", pod: pod({ metadata: gone }), verdict: "ControllerNotFound" },
    {
      what: "the same, though declared safe",
      pod: pod({ metadata: { ...gone, ...safe("true") } }),
      verdict: "ControllerNotFound",
    },
    { what: "a pod with local storage", pod: pod({ spec: emptyDir }), verdict: "LocalStorageRequested" },
    {
      what: "local storage declared safe",
      pod: pod({ metadata: safe("true"), spec: emptyDir }),
      verdict: "DrainOk",
    },
    { what: "a pod declared unsafe", pod: pod({ metadata: safe("false") }), verdict: "NotSafeToEvictAnnotation" },
    { what: "a pod to wait for", pod: pod({ metadata: safe("on-completion") }), verdict: "WaitForCompletion" },
    { what: "a pod whose budget is spent", pod: pod(), budgets: [budget(0)], verdict: "NotEnoughPdb" },
    { what: "a pod whose budget allows it", pod: pod(), budgets: [budget(1)], verdict: "UndefinedOutcome" },
    {
      what: "a young pod of kube-system",
      pod: pod({ metadata: { namespace: "kube-system", creationTimestamp: "2000-01-01T01:00:00Z" } }),
      verdict: "UnmovableKubeSystemPod",
    },
    {
      what: "a pod of kube-system of more than an hour",
      pod: pod({ metadata: { namespace: "kube-system" }, spec: emptyDir }),
      verdict: "DrainOk",
    },
    {
      what: "a mirror pod",
      pod: pod({ metadata: { annotations: { "kubernetes.io/config.mirror": "x" } } }),
      verdict: "SkipDrain",
    },
  ])("$what: $verdict", ({ pod: asked, budgets, verdict }) => {
    const { outcome, reason } = drainabilityOf(asked, context(budgets));
    expect(reason ?? outcome).toBe(verdict);
  });

  it("a budget of one allows one of two pods, and none after that", () => {
    const budgets = new DisruptionBudgets([budget(1)]);
    expect([budgets.allow(pod()), budgets.allowTogether([pod(), pod()])]).toEqual([true, false]);
    budgets.spend([pod()]);
    expect(budgets.allow(pod())).toBe(false);
  });
});

describe("utilization of a node", () => {
  const node = { metadata: { name: "n" }, status: { allocatable: { cpu: "4", memory: "8Gi" } } } as unknown as Node;
  const daemon = pod({ metadata: { ownerReferences: [{ kind: "DaemonSet", name: "d", uid: "d", controller: true }] } });
  const plain = { ignoreDaemonSetsUtilization: false, ignoreMirrorPodsUtilization: false };
  it.each([
    { what: "the larger share decides", pods: [pod(), pod()], options: plain, resource: "memory", share: 0.25 },
    { what: "cpu must be strictly larger", pods: [], options: plain, resource: "memory", share: 0 },
    {
      what: "ignored DaemonSet pods leave the node smaller",
      pods: [pod(), daemon],
      options: { ...plain, ignoreDaemonSetsUtilization: true },
      resource: "memory",
      share: 500 / 3500,
    },
  ])("$what", ({ pods, options, resource, share }) => {
    const found = utilizationOf(node, pods, options, clock, 0);
    expect(found).toMatchObject({ resource });
    expect((found as { utilization: number }).utilization).toBeCloseTo(share, 12);
  });
});

it.each([
  [10 * second, "10s"],
  [910 * second, "15m10s"],
  [3_600 * second, "1h0m0s"],
  [1_500_000, "1.5s"],
])("%s µs are %s in Go's words", (us, text) => {
  expect(goDuration(us)).toBe(text);
});
