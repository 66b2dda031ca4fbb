import fc from "fast-check";
import { expect, it } from "vitest";
import {
  type Deployment,
  isPodActive,
  isPodReady,
  keyOf,
  objectKey,
  type Pod,
  type ReplicaSet,
  type ReplicationController,
} from "../../src/model/index.ts";
import { badLuck, befall, withImage, withSpec } from "./bad-luck.ts";
import { ControlPlane, podTemplate } from "./control-plane.ts";

/** What people do to a workload, and what befalls it. */
const deed = fc.oneof(
  { weight: 1, arbitrary: fc.record({ do: fc.constant("scale" as const), replicas: fc.nat(7) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("roll" as const), image: fc.constantFrom("app:1", "app:2", "app:3") }),
  },
  { weight: 3, arbitrary: badLuck },
);
const deeds = fc.array(deed, { maxLength: 12 });
type Deed = typeof deed extends fc.Arbitrary<infer T> ? T : never;

interface Model {
  replicas: number;
  image: string;
}

const key = objectKey("default", "web");

function carryOut(plane: ControlPlane, act: Deed, model: Model, kind: "Deployment" | "ReplicaSet"): void {
  if ("luck" in act) {
    befall(plane, act);
    return;
  }
  // Nobody gets through while the server is away, and a ReplicaSet's pods keep the template they were made of.
  if (!plane.api.up || (act.do === "roll" && kind === "ReplicaSet")) return;
  if (act.do === "scale") {
    model.replicas = act.replicas;
    plane.patch(kind, key, "main", (stored: Deployment) => withSpec(stored, { replicas: act.replicas }));
  } else {
    model.image = act.image;
    plane.patch(kind, key, "main", (stored: Deployment) => withImage(stored, act.image));
  }
}

it.each(["Deployment", "ReplicaSet"] as const)(
  "a %s comes to rest as its spec says, whatever was done to it",
  (kind) => {
    fc.assert(
      fc.property(deeds, (acts) => {
        const plane = new ControlPlane();
        const model: Model = { replicas: 3, image: "app:1" };
        const spec = { replicas: 3, selector: { matchLabels: { app: "web" } }, template: podTemplate("web") };
        plane.create({ apiVersion: "apps/v1", kind, metadata: { name: "web", namespace: "default" }, spec });
        for (const act of acts) carryOut(plane, act, model, kind);
        plane.settle(400_000_000);
        const active = plane.list<Pod>("Pod").filter(isPodActive);
        expect(active.map((pod) => pod.spec.containers[0]!.image)).toEqual(active.map(() => model.image));
        expect(active.filter(isPodReady)).toHaveLength(model.replicas);
        const [workload] = plane.list<ReplicaSet>(kind);
        expect(workload!.status.replicas ?? 0).toBe(model.replicas);
        expect(workload!.status.readyReplicas ?? 0).toBe(model.replicas);
        expect(workload!.status.observedGeneration).toBe(workload!.metadata.generation);
        if (kind === "ReplicaSet") return;
        const sizes = plane
          .list<ReplicaSet>("ReplicaSet")
          .map((set) => set.spec.replicas)
          .filter((size) => size !== 0);
        expect(sizes).toEqual(model.replicas === 0 ? [] : [model.replicas]);
      }),
      { numRuns: 60 },
    );
  },
  60_000,
);

it("a ReplicationController keeps its pods as a ReplicaSet does", () => {
  const plane = new ControlPlane();
  const spec = { replicas: 3, selector: { app: "old" }, template: podTemplate("old") };
  plane.create({
    apiVersion: "v1",
    kind: "ReplicationController",
    metadata: { name: "old", namespace: "default" },
    spec,
  });
  plane.settle(5_000_000);
  const [first] = plane.list<Pod>("Pod");
  plane.api.handle({ verb: "delete", kind: "Pod", key: keyOf(first!) });
  plane.settle(5_000_000);
  const [controller] = plane.list<ReplicationController>("ReplicationController");
  expect(controller!.status).toEqual({
    replicas: 3,
    fullyLabeledReplicas: 3,
    readyReplicas: 3,
    availableReplicas: 3,
    observedGeneration: 1,
  });
  expect(plane.list<Pod>("Pod")).toHaveLength(3);
});
