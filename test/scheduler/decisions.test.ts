import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { podFitsNode, podInfo, prepareFilters, Snapshot, schedulePod } from "../../src/scheduler/index.ts";
import { bound, emptyScheduler, nodeName, nodeOf, nodeShape, plain, podOf, podShape, worldShape } from "./worlds.ts";

type World = typeof worldShape extends fc.Arbitrary<infer W> ? W : never;

/** Schedules the pods one after another; answers which pod went where. */
function fill({ nodes, pods }: World, snapshot = new Snapshot()): { snapshot: Snapshot; places: Map<string, string> } {
  for (const [index, shape] of nodes.entries()) snapshot.setNode(nodeOf(nodeName(index), shape));
  const { framework, scheduler } = emptyScheduler(snapshot);
  const places = new Map<string, string>();
  for (const [index, shape] of pods.entries()) {
    const pod = podInfo(podOf(`p${index}`, shape));
    const decision = schedulePod(framework, pod, scheduler);
    if (decision.result !== "scheduled") continue;
    snapshot.assume(pod, decision.nodeName);
    places.set(pod.key, decision.nodeName);
  }
  return { snapshot, places };
}

function bestNodes(snapshot: Snapshot, shape: World["pods"][number]): string[] {
  const { framework, scheduler } = emptyScheduler(snapshot);
  const decision = schedulePod(framework, podInfo(podOf("last", shape)), scheduler);
  if (decision.result !== "scheduled") return [];
  const { feasible, totals } = decision;
  const highest = totals === undefined ? 0 : Math.max(...totals);
  const best = feasible.filter((_node, index) => totals === undefined || totals[index] === highest);
  return best.map(({ name }) => name).sort();
}

/** What a snapshot says of its nodes, without the order of pods. */
function contents(snapshot: Snapshot): unknown {
  return [...snapshot.nodes]
    .map((node) => ({
      name: node.name,
      pods: node.pods.map(({ key }) => key).sort(),
      cpu: node.requestedCpuMillicores,
      memory: node.requestedMemoryBytes,
      nonZero: [node.nonZeroCpuMillicores, node.nonZeroMemoryBytes],
      affinity: node.podsWithAffinity.map(({ key }) => key).sort(),
      antiAffinity: node.podsWithRequiredAntiAffinity.map(({ key }) => key).sort(),
      ports: node.podsWithHostPorts,
    }))
    .sort((left, right) => (left.name < right.name ? -1 : 1));
}

describe("a decision", () => {
  it("chooses a node that passes all filters, and skips no node that does", () => {
    fc.assert(
      fc.property(worldShape, podShape, (world, shape) => {
        const { snapshot } = fill(world);
        const { framework, scheduler } = emptyScheduler(snapshot);
        const pod = podInfo(podOf("last", shape));
        const check = prepareFilters(framework, pod);
        const passing = snapshot.nodes.filter((node) => check(node) === undefined).map(({ name }) => name);
        const decision = schedulePod(framework, pod, scheduler);
        expect(decision.result === "scheduled" ? decision.feasible.map(({ name }) => name) : []).toEqual(passing);
        if (decision.result !== "scheduled") return;
        expect(podFitsNode(framework, pod, snapshot.node(decision.nodeName)!)).toBeUndefined();
      }),
    );
  });

  it("has the same right answers whatever the order in which nodes and pods were seen", () => {
    fc.assert(
      fc.property(worldShape, podShape, fc.infiniteStream(fc.nat()), (world, shape, luck) => {
        const { snapshot, places } = fill(world);
        const shuffled = <T>(items: readonly T[]): T[] =>
          items
            .map((item) => [luck.next().value as number, item] as const)
            .sort(([a], [b]) => a - b)
            .map(([, item]) => item);
        const again = new Snapshot();
        const pods = shuffled(world.pods.map((pod, index) => podOf(`p${index}`, pod)));
        const nodes = shuffled(world.nodes.map((node, index) => nodeOf(nodeName(index), node)));
        for (const object of shuffled([...pods, ...nodes])) {
          if (object.kind === "Node") again.setNode(object);
          else {
            const place = places.get(`default/${object.metadata.name}`);
            if (place !== undefined) again.setPod(bound(object, place));
          }
        }
        expect(bestNodes(again, shape)).toEqual(bestNodes(snapshot, shape));
      }),
    );
  });

  it("does not lose a pod by the arrival of a node, unless the pod spreads over domains", () => {
    fc.assert(
      fc.property(worldShape, podShape, nodeShape, (world, { app, spec }, added) => {
        const { topologySpreadConstraints: _, ...rest } = spec;
        const { snapshot } = fill(world);
        const before = bestNodes(snapshot, { app, spec: rest });
        snapshot.setNode(nodeOf("added", added));
        if (before.length > 0) expect(bestNodes(snapshot, { app, spec: rest })).not.toEqual([]);
      }),
    );
  });
});

describe("the snapshot", () => {
  it("equals one built from nothing after any changes", () => {
    const change = fc.oneof(
      fc.record({ node: fc.nat(7), shape: nodeShape }),
      fc.record({ remove: fc.nat(29) }),
      fc.record({ move: fc.nat(29), to: fc.nat(7) }),
      fc.record({ dropNode: fc.nat(7) }),
    );
    fc.assert(
      fc.property(worldShape, fc.array(change, { maxLength: 20 }), (world, changes) => {
        const { snapshot, places } = fill(world);
        const nodes = new Map(world.nodes.map((shape, index) => [nodeName(index), nodeOf(nodeName(index), shape)]));
        for (const what of changes) {
          if ("node" in what) {
            const node = nodeOf(nodeName(what.node), what.shape);
            nodes.set(node.metadata.name, node);
            snapshot.setNode(node);
          } else if ("remove" in what) {
            snapshot.removePod(`default/p${what.remove}`);
            places.delete(`default/p${what.remove}`);
          } else if ("dropNode" in what) {
            snapshot.removeNode(nodeName(what.dropNode));
            nodes.delete(nodeName(what.dropNode));
          } else if (places.has(`default/p${what.move}`)) {
            places.set(`default/p${what.move}`, nodeName(what.to));
            snapshot.setPod(bound(podOf(`p${what.move}`, world.pods[what.move]!), nodeName(what.to)));
          }
        }
        const fresh = new Snapshot();
        for (const node of nodes.values()) fresh.setNode(node);
        for (const [key, place] of places) {
          const name = key.slice("default/".length);
          fresh.setPod(bound(podOf(name, world.pods[Number(name.slice(1))]!), place));
        }
        expect(contents(snapshot)).toEqual(contents(fresh));
      }),
    );
  });
});

describe("preemption", () => {
  it("evicts only pods of lower priority, and none that could have stayed", () => {
    let preempted = 0;
    fc.assert(
      fc.property(worldShape, podShape, (world, shape) => {
        const { snapshot } = fill({ nodes: world.nodes, pods: world.pods.map(plain) });
        const { framework, scheduler } = emptyScheduler(snapshot);
        const { app, spec } = plain(shape);
        const pod = podInfo(podOf("last", { app, spec: { ...spec, priority: 50 } }));
        const decision = schedulePod(framework, pod, scheduler);
        if (decision.result !== "unschedulable" || decision.postFilter?.victims === undefined) return;
        preempted++;
        const { victims, nominatedNodeName } = decision.postFilter;
        for (const { spec: victim } of victims) expect(victim.priority ?? 0).toBeLessThan(50);
        const node = snapshot.node(nominatedNodeName!)!;
        const without = node.clone();
        for (const { metadata } of victims) without.removePod(`default/${metadata.name}`);
        expect(podFitsNode(framework, pod, without)).toBeUndefined();
        for (const victim of victims) {
          const one = without.clone();
          one.addPod(podInfo(victim));
          expect(podFitsNode(framework, pod, one)).toBeDefined();
        }
      }),
      { numRuns: 300 },
    );
    expect(preempted).toBeGreaterThan(0);
  });
});
