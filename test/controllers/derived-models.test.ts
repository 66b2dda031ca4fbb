import fc from "fast-check";
import { expect, it } from "vitest";
import {
  type Deployment,
  type EndpointSlice,
  isPodReady,
  isPodTerminal,
  objectKey,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
  type PodDisruptionBudget,
  type ReplicaSet,
  type ReplicationController,
  type ResourceQuota,
} from "../../src/model/index.ts";
import { badLuck, befall, withImage, withSpec } from "./bad-luck.ts";
import { ControlPlane, podTemplate } from "./control-plane.ts";

const inDefault = (name: string) => ({ name, namespace: "default" });
const selector = { matchLabels: { app: "web" } };
const oldKey = objectKey("default", "old");

const deed = fc.oneof(
  fc.record({ do: fc.constant("scale" as const), replicas: fc.nat(4) }),
  fc.record({ do: fc.constant("roll" as const), image: fc.constantFrom("app:1", "app:2") }),
  fc.record({ do: fc.constant("scale the old" as const), replicas: fc.nat(3) }),
  fc.record({ do: fc.constant("release a pod" as const), pod: fc.nat(5) }),
  fc.record({ do: fc.constant("drop the claim" as const) }),
);

function prepared(): ControlPlane {
  const plane = new ControlPlane();
  plane.create({
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name: "fast" },
    provisioner: "disks.example.com",
    volumeBindingMode: "Immediate",
  } as never);
  const quota = { hard: { pods: "100", "count/replicasets.apps": "100" } };
  plane.create({ apiVersion: "v1", kind: "ResourceQuota", metadata: inDefault("all"), spec: quota });
  const budget = { maxUnavailable: 1, selector };
  plane.create({ apiVersion: "policy/v1", kind: "PodDisruptionBudget", metadata: inDefault("web"), spec: budget });
  const service = { selector: { app: "web" }, ports: [{ port: 80 }] };
  plane.create({ apiVersion: "v1", kind: "Service", metadata: inDefault("web"), spec: service });
  const web = { replicas: 2, selector, template: podTemplate("web") };
  plane.create({ apiVersion: "apps/v1", kind: "Deployment", metadata: inDefault("web"), spec: web });
  const old = { replicas: 1, selector: { app: "old" }, template: podTemplate("old") };
  plane.create({ apiVersion: "v1", kind: "ReplicationController", metadata: inDefault("old"), spec: old });
  const claim = {
    accessModes: ["ReadWriteOnce"],
    storageClassName: "fast",
    resources: { requests: { storage: "1Gi" } },
  };
  plane.create({ apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: inDefault("data"), spec: claim });
  return plane;
}

/** What was derived from others' objects says of them what is true, once everything is at rest. */
function expectTruth(
  plane: ControlPlane,
  model: { readonly web: number; readonly old: number; readonly claims: number },
) {
  const pods = plane.list<Pod>("Pod").filter((pod) => !isPodTerminal(pod));
  const ofWeb = pods.filter(({ metadata }) => metadata.labels?.["app"] === "web");
  expect(ofWeb).toHaveLength(model.web);
  expect(pods.filter(({ metadata }) => metadata.labels?.["app"] === "old")).toHaveLength(model.old);
  expect(plane.list<ReplicationController>("ReplicationController")[0]!.status.readyReplicas ?? 0).toBe(model.old);

  const endpoints = plane.list<EndpointSlice>("EndpointSlice").flatMap((slice) => slice.endpoints ?? []);
  const serving = endpoints.map(({ targetRef, conditions }) => `${targetRef?.name} ${conditions?.ready}`);
  expect(serving.sort()).toEqual(ofWeb.map((pod) => `${pod.metadata.name} ${isPodReady(pod)}`).sort());

  // A budget is not told of pods whose labels leave it, here as upstream: with none left nothing else tells it.
  const { status } = plane.list<PodDisruptionBudget>("PodDisruptionBudget")[0]!;
  const { expectedPods, currentHealthy, desiredHealthy, disruptionsAllowed } = status;
  if (model.web > 0)
    expect({ expectedPods, currentHealthy, desiredHealthy, disruptionsAllowed }).toEqual({
      expectedPods: model.web,
      currentHealthy: model.web,
      desiredHealthy: model.web - 1,
      disruptionsAllowed: 1,
    });

  const { used } = plane.list<ResourceQuota>("ResourceQuota")[0]!.status;
  const replicaSets = plane.list<ReplicaSet>("ReplicaSet").length;
  expect(used).toEqual({ pods: `${pods.length}`, "count/replicasets.apps": `${replicaSets}` });

  const claims = plane.list<PersistentVolumeClaim>("PersistentVolumeClaim");
  expect(claims.map((claim) => claim.status.phase)).toEqual(Array(model.claims).fill("Bound"));
  const volumes = plane.list<PersistentVolume>("PersistentVolume");
  expect(volumes.map(({ spec }) => spec.claimRef?.uid)).toEqual(claims.map(({ metadata }) => metadata.uid));
}

it("endpoints, budgets, quotas, claims and replication controllers tell the truth at rest", { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(deed, badLuck), { maxLength: 12 }), (acts) => {
      const plane = prepared();
      const model = { web: 2, old: 1, claims: 1 };
      const key = objectKey("default", "web");
      for (const act of acts) {
        if ("luck" in act) befall(plane, act);
        else if (!plane.api.up)
          continue; // Nobody gets through while the server is away.
        else if (act.do === "scale") {
          model.web = act.replicas;
          plane.patch("Deployment", key, "main", (stored: Deployment) => withSpec(stored, { replicas: act.replicas }));
        } else if (act.do === "roll") {
          plane.patch("Deployment", key, "main", (stored: Deployment) => withImage(stored, act.image));
        } else if (act.do === "scale the old") {
          model.old = act.replicas;
          const change = (stored: ReplicationController) => withSpec(stored, { replicas: act.replicas });
          plane.patch("ReplicationController", oldKey, "main", change);
        } else if (act.do === "drop the claim") {
          model.claims = 0;
          plane.api.handle({ verb: "delete", kind: "PersistentVolumeClaim", key: objectKey("default", "data") });
        } else {
          const pods = plane.list<Pod>("Pod").filter(({ metadata }) => metadata.labels?.["app"] === "web");
          const pod = pods[act.pod % Math.max(1, pods.length)];
          if (pod === undefined) continue;
          const free = (stored: Pod) => ({ ...stored, metadata: { ...stored.metadata, labels: { app: "nobody" } } });
          plane.patch("Pod", objectKey("default", pod.metadata.name), "main", free);
        }
      }
      plane.settle(1_000_000_000);
      expectTruth(plane, model);
    }),
    { numRuns: 40 },
  );
});
