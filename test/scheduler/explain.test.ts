import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PodSpec } from "../../src/model/index.ts";
import { explain, podFitsNode, podInfo, Snapshot, schedulePod, victimsOf } from "../../src/scheduler/index.ts";
import { bound, emptyScheduler, type NodeShape, nodeName, nodeOf, podOf, podShape, worldShape } from "./worlds.ts";

const roomy: NodeShape = {
  zone: "a",
  disk: "ssd",
  cpu: 4,
  memoryGi: 8,
  pods: 10,
  taint: undefined,
  cordoned: false,
};

const asking = (cpu: string, more: Partial<PodSpec> = {}) => ({
  app: "web",
  spec: { containers: [{ name: "c", resources: { requests: { cpu } } }], ...more } as Partial<PodSpec>,
});

describe("an explanation", () => {
  it("tells the decision as it was taken, node by node, and changes nothing", () => {
    fc.assert(
      fc.property(worldShape, podShape, fc.nat(7), (world, shape, start) => {
        const snapshot = new Snapshot();
        for (const [index, node] of world.nodes.entries()) snapshot.setNode(nodeOf(nodeName(index), node));
        const { framework, scheduler } = emptyScheduler(snapshot);
        for (const [index, one] of world.pods.entries()) {
          const pod = podInfo(podOf(`p${index}`, one));
          const decision = schedulePod(framework, pod, scheduler);
          if (decision.result === "scheduled") snapshot.assume(pod, decision.nodeName);
        }
        scheduler.nextStartNodeIndex = start % world.nodes.length;
        const before = { ...scheduler };
        const pod = podInfo(podOf("last", shape));
        const told = explain(framework, pod, scheduler);
        expect(scheduler).toEqual(before);
        const decision = schedulePod(framework, pod, scheduler);
        expect(told.result).toBe(decision.result);
        for (const { node, rejections } of told.nodes) {
          expect(rejections.length === 0).toBe(podFitsNode(framework, pod, snapshot.node(node)!) === undefined);
        }
        if (decision.result !== "scheduled") {
          expect(told.preemption?.victims ?? []).toEqual(
            victimsOf(decision).map(({ metadata }) => `default/${metadata.name}`),
          );
          expect(told.remedies.length).toBeGreaterThan(0);
          return;
        }
        expect(told.nodes.filter(({ chosen }) => chosen).map(({ node }) => node)).toEqual([decision.nodeName]);
        expect(told.nodes.find(({ chosen }) => chosen)!.best).toBe(true);
        for (const { scores, total } of told.nodes) {
          if (total !== undefined) expect(scores.reduce((sum, { weighted }) => sum + weighted, 0)).toBe(total);
        }
      }),
    );
  });

  it("says which nodes were not looked at because enough had been found", () => {
    const snapshot = new Snapshot();
    for (let index = 0; index < 200; index++) snapshot.setNode(nodeOf(nodeName(index), roomy));
    const { framework, scheduler } = emptyScheduler(snapshot);
    scheduler.nextStartNodeIndex = 150;
    const { nodes, evaluatedNodes } = explain(framework, podInfo(podOf("p", asking("1"))), scheduler);
    expect(evaluatedNodes).toBe(100);
    expect(nodes.filter(({ sampled }) => sampled).map(({ node }) => node)).toEqual(
      Array.from({ length: 100 }, (_, at) => nodeName((150 + at) % 200)),
    );
  });

  it.each([
    { what: "cpu that others hold", pod: asking("3"), nodes: [roomy], missing: ["1 cpu freed"] },
    { what: "cpu that no node has", pod: asking("6"), nodes: [roomy], missing: ["2 cpu on a bigger node"] },
    {
      what: "a toleration",
      pod: asking("1"),
      nodes: [{ ...roomy, taint: "NoSchedule" as const }],
      missing: ["a toleration of dedicated=x:NoSchedule"],
    },
    {
      what: "labels",
      pod: asking("1", { nodeSelector: { disk: "hdd" } }),
      nodes: [roomy],
      missing: ["label disk=hdd"],
    },
    {
      what: "the nearest alternative of an affinity",
      pod: asking("1", {
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [
                {
                  matchExpressions: [
                    { key: "disk", operator: "In", values: ["hdd"] },
                    { key: "gpu", operator: "Exists" },
                  ],
                },
                {
                  matchExpressions: [
                    { key: "disk", operator: "Exists" },
                    { key: "zone", operator: "In", values: ["x", "y"] },
                  ],
                },
              ],
            },
          },
        },
      }),
      nodes: [roomy],
      missing: ["label zone In (x, y)"],
    },
    {
      what: "an end of the cordon, and cpu",
      pod: asking("3"),
      nodes: [{ ...roomy, cordoned: true }],
      missing: ["the node uncordoned", "1 cpu freed"],
    },
    {
      what: "the least of what equal nodes lack",
      pod: asking("3"),
      nodes: [{ ...roomy, cpu: 3 }, roomy],
      missing: ["1 cpu freed"],
    },
  ])("finds out that a pod lacks $what", ({ pod, nodes, missing }) => {
    const snapshot = new Snapshot();
    for (const [index, shape] of nodes.entries()) {
      snapshot.setNode(nodeOf(nodeName(index), shape));
      snapshot.setPod(bound(podOf(`there${index}`, asking("2")), nodeName(index)));
    }
    const { framework, scheduler } = emptyScheduler(snapshot);
    const { remedies } = explain(framework, podInfo(podOf("p", pod)), scheduler);
    expect(remedies).toHaveLength(1);
    expect(remedies[0]!.missing).toEqual(missing);
    expect(remedies[0]!.nodes).toBe(nodes.length);
  });
});
