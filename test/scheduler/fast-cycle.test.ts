import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Decision,
  FastCycle,
  podInfo,
  type SchedulerState,
  Snapshot,
  schedulePod,
  victimsOf,
} from "../../src/scheduler/index.ts";
import {
  bound,
  emptyScheduler,
  type NodeShape,
  nodeName,
  nodeOf,
  nodeShape,
  type PodShape,
  podOf,
  podShape,
} from "./worlds.ts";

type Step =
  | { readonly do: "schedule"; readonly pod: PodShape }
  | { readonly do: "remove"; readonly which: number }
  | { readonly do: "terminate"; readonly which: number }
  | { readonly do: "node"; readonly which: number; readonly shape: NodeShape }
  | { readonly do: "drop node"; readonly which: number }
  | { readonly do: "service"; readonly app: string }
  | { readonly do: "nominate"; readonly which: number; readonly pod: PodShape };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: podShape.map((pod) => ({ do: "schedule", pod }) as const) },
  { weight: 2, arbitrary: fc.nat(40).map((which) => ({ do: "remove", which }) as const) },
  { weight: 1, arbitrary: fc.nat(40).map((which) => ({ do: "terminate", which }) as const) },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.nat(9), nodeShape).map(([which, shape]) => ({ do: "node", which, shape }) as const),
  },
  { weight: 1, arbitrary: fc.nat(9).map((which) => ({ do: "drop node", which }) as const) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.nat(9), podShape).map(([which, pod]) => ({ do: "nominate", which, pod }) as const),
  },
  { weight: 1, arbitrary: fc.constantFrom("web", "db").map((app) => ({ do: "service", app }) as const) },
);

function told(decision: Decision, { nextStartNodeIndex }: SchedulerState): unknown {
  if (decision.result === "error") return [decision.message];
  if (decision.result === "scheduled") {
    return [decision.nodeName, decision.feasibleNodes, decision.evaluatedNodes, nextStartNodeIndex];
  }
  const { message, fitError, postFilter } = decision;
  const victims = victimsOf(decision).map(({ metadata }) => metadata.name);
  return [message, fitError.unschedulablePlugins, postFilter?.nominatedNodeName, victims, nextStartNodeIndex];
}

describe("the cycle with a memory", () => {
  it("decides as the plain one whatever happens to the cluster", () => {
    fc.assert(
      fc.property(
        fc.array(nodeShape, { minLength: 1, maxLength: 7 }),
        fc.array(step, { maxLength: 40 }),
        (nodes, steps) => {
          const snapshot = new Snapshot();
          for (const [index, shape] of nodes.entries()) snapshot.setNode(nodeOf(nodeName(index), shape));
          const { framework, scheduler } = emptyScheduler(snapshot);
          const cycle = new FastCycle(framework);
          const placed: string[] = [];
          for (const [index, action] of steps.entries()) {
            if (action.do === "schedule") {
              const pod = podInfo(podOf(`p${index}`, action.pod));
              const remembered = { ...scheduler };
              const fast = told(cycle.schedule(pod, remembered), remembered);
              const decision = schedulePod(framework, pod, scheduler);
              expect(fast).toEqual(told(decision, scheduler));
              if (decision.result === "scheduled") {
                snapshot.assume(pod, decision.nodeName);
                placed.push(pod.key);
              }
              for (const { metadata } of victimsOf(decision)) snapshot.removePod(`default/${metadata.name}`);
            } else if (action.do === "remove") {
              snapshot.removePod(placed[action.which % Math.max(placed.length, 1)] ?? "");
            } else if (action.do === "terminate") {
              const place = snapshot.placeOf(placed[action.which % Math.max(placed.length, 1)] ?? "");
              if (place === undefined) continue;
              const { pod } = place.pod;
              const metadata = { ...pod.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" };
              snapshot.setPod(bound({ ...pod, metadata }, place.nodeName));
            } else if (action.do === "node") {
              snapshot.setNode(nodeOf(nodeName(action.which), action.shape));
            } else if (action.do === "nominate") {
              const pod = podOf(`nominated${index}`, action.pod);
              snapshot.nominated.set(podInfo(pod), nodeName(action.which));
            } else if (action.do === "drop node") {
              snapshot.removeNode(nodeName(action.which));
            } else {
              const metadata = { name: action.app, namespace: "default" };
              snapshot.putObject({
                apiVersion: "v1",
                kind: "Service",
                metadata,
                spec: { selector: { app: action.app } },
              } as never);
            }
          }
        },
      ),
      { numRuns: 400 },
    );
  });

  it("tells pods of one size apart by their images once a node has one of them", () => {
    const snapshot = new Snapshot();
    const shape = { zone: "a", disk: undefined, cpu: 8, memoryGi: 8, pods: 8, taint: undefined, cordoned: false };
    for (const name of ["n0", "n1", "n2"]) snapshot.setNode(nodeOf(name, shape));
    const { framework, scheduler } = emptyScheduler(snapshot);
    const cycle = new FastCycle(framework);
    const chosen = (app: string): string | undefined => {
      const spec = { containers: [{ name: "c", image: `${app}:1` }] } as unknown as PodShape["spec"];
      const decision = cycle.schedule(podInfo(podOf(app, { app, spec })), { ...scheduler });
      return decision.result === "scheduled" ? decision.nodeName : undefined;
    };
    expect([chosen("web"), chosen("db")]).toEqual(["n0", "n0"]);
    snapshot.setNode(nodeOf("n1", { ...shape, image: "web:1" }));
    snapshot.setNode(nodeOf("n2", { ...shape, image: "db:1" }));
    expect([chosen("web"), chosen("db")]).toEqual(["n1", "n2"]);
    for (const name of ["n1", "n2"]) snapshot.setNode(nodeOf(name, shape));
    expect([chosen("web"), chosen("db")]).toEqual(["n0", "n0"]);
  });

  it("samples and rotates as the plain one in clusters of more than a hundred nodes, some of which go", () => {
    const snapshot = new Snapshot();
    for (let index = 0; index < 230; index++) {
      const zone = ["a", "b", "c"][index % 3];
      const shape = {
        zone,
        disk: undefined,
        cpu: 2,
        memoryGi: 4,
        pods: 5,
        taint: undefined,
        cordoned: index % 7 === 0,
      };
      snapshot.setNode(nodeOf(nodeName(index), shape));
    }
    const { framework, scheduler } = emptyScheduler(snapshot);
    const cycle = new FastCycle(framework);
    let gone = 0;
    fc.assert(
      fc.property(fc.array(podShape, { minLength: 50, maxLength: 50 }), (pods) => {
        for (const [index, shape] of pods.entries()) {
          // The last ones first, so that the start index may point behind the end.
          if (index % 10 === 9) snapshot.removeNode(nodeName(229 - gone++));
          const pod = podInfo(podOf(`s${index}`, shape));
          const remembered = { ...scheduler };
          const fast = told(cycle.schedule(pod, remembered), remembered);
          const decision = schedulePod(framework, pod, scheduler);
          expect(fast).toEqual(told(decision, scheduler));
          if (decision.result === "scheduled") snapshot.assume(pod, decision.nodeName);
        }
      }),
      { numRuns: 10 },
    );
  });
});
