import fc from "fast-check";
import { expect, it } from "vitest";
import { ClusterSnapshot } from "../../src/autoscaler/cluster-autoscaler/cluster-snapshot.ts";
import { estimate } from "../../src/autoscaler/cluster-autoscaler/estimator.ts";
import { PlainNodes } from "../../src/autoscaler/cluster-autoscaler/new-nodes.ts";
import type { NodeTemplate } from "../../src/autoscaler/cluster-autoscaler/template-nodes.ts";
import type { KubeObject, Node, Pod } from "../../src/model/index.ts";
import { groupsOf } from "./groups-of.ts";

const namespace = { kind: "Namespace", metadata: { name: "default" } } as unknown as KubeObject;

function node(name: string, cpu: number, memory: number): Node {
  const allocatable = { cpu: `${cpu}m`, memory: `${memory}Mi`, pods: "12" };
  const metadata = { name, labels: { "kubernetes.io/hostname": name } };
  return { kind: "Node", metadata, spec: {}, status: { allocatable, capacity: allocatable } } as unknown as Node;
}

function pods(set: number, count: number, cpu: number, memory: number, spec: object): Pod[] {
  const requests = { cpu: `${cpu}m`, memory: `${memory}Mi` };
  return Array.from({ length: count }, (_, index) => {
    const ownerReferences = [{ kind: "ReplicaSet", name: `s${set}`, uid: `s${set}`, controller: true }];
    const metadata = { name: `s${set}-${index}`, namespace: "default", labels: { app: `s${set}` }, ownerReferences };
    const containers = [{ name: "c", resources: { requests } }];
    return { kind: "Pod", metadata, spec: { containers, ...spec }, status: {} } as unknown as Pod;
  });
}

/** One that no pod has, and that makes the estimate ask all filters instead of counting. */
const asksFilters = {
  affinity: {
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        { topologyKey: "kubernetes.io/hostname", labelSelector: { matchLabels: { app: "nobody" } } },
      ],
    },
  },
};

const amount = (max: number) => fc.integer({ min: 1, max });
const waiting = fc.array(fc.tuple(amount(15), amount(3000), amount(6000)), { minLength: 1, maxLength: 6 });

it("counting and asking all filters come to the same nodes for plain pods", () => {
  fc.assert(
    fc.property(waiting, fc.integer({ min: 0, max: 8 }), fc.nat(3), fc.boolean(), (sets, maxNodes, old, fastpath) => {
      const run = (spec: object): unknown => {
        const snapshot = new ClusterSnapshot([namespace]);
        for (let index = 0; index < old; index++) snapshot.addNode(node(`old-${index}`, 100, 100), []);
        const template: NodeTemplate = { node: node("template", 4000, 8000), pods: [] };
        const groups = groupsOf(sets.flatMap(([count, cpu, memory], set) => pods(set, count, cpu, memory, spec)));
        expect(PlainNodes.for(snapshot, template, groups) === undefined).toBe(spec === asksFilters);
        const {
          nodeCount,
          pods: placed,
          places,
          newNodes,
        } = estimate({ snapshot, template, groups, maxNodes, fastpath });
        const indices = places.map((place) => (place === undefined ? undefined : newNodes.indexOf(place)));
        return { nodeCount, placed: placed.map(({ metadata }) => metadata.name), indices };
      };
      expect(run({})).toEqual(run(asksFilters));
    }),
  );
});

it("leaves the snapshot as it was", () => {
  const snapshot = new ClusterSnapshot([namespace]);
  snapshot.addNode(node("old", 4000, 8000), pods(0, 2, 500, 500, {}));
  const template: NodeTemplate = { node: node("template", 4000, 8000), pods: [] };
  const groups = groupsOf(pods(1, 9, 1500, 100, asksFilters));
  expect(estimate({ snapshot, template, groups, maxNodes: 10 }).nodeCount).toBe(5);
  expect(snapshot.nodes.map(({ name, pods: held }) => [name, held.length])).toEqual([["old", 2]]);
});
