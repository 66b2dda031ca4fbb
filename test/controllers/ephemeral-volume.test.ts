import { describe, expect, it } from "vitest";
import type { NewObject } from "../../src/apiserver/index.ts";
import { objectKey, type PersistentVolumeClaim, type Pod, podCondition } from "../../src/model/index.ts";
import { Simulation } from "../../src/simulate.ts";
import { smallScenario } from "../small-scenario.ts";
import { ControlPlane } from "./control-plane.ts";

const second = 1_000_000;
const scratch = {
  name: "scratch",
  ephemeral: {
    volumeClaimTemplate: {
      metadata: { labels: { tier: "cache" } },
      spec: { accessModes: ["ReadWriteOnce"], storageClassName: "fast", resources: { requests: { storage: "1Gi" } } },
    },
  },
};
const pod: NewObject = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "web", namespace: "default" },
  spec: { containers: [{ name: "c", image: "app:1" }], volumes: [scratch] },
} as NewObject;
const claim = { ...scratch.ephemeral.volumeClaimTemplate.spec };

function planeWith(...objects: NewObject[]): ControlPlane {
  const plane = new ControlPlane();
  for (const object of objects) plane.create(object);
  plane.settle(second);
  return plane;
}

describe("a pod's generic ephemeral volume", () => {
  it("gets a claim of the pod's and the volume's name, which goes with the pod", () => {
    const plane = planeWith(pod);
    const [made] = plane.list<PersistentVolumeClaim>("PersistentVolumeClaim");
    expect(made!.metadata).toMatchObject({ name: "web-scratch", labels: { tier: "cache" } });
    expect(made!.metadata.ownerReferences).toEqual([
      expect.objectContaining({ kind: "Pod", name: "web", controller: true, blockOwnerDeletion: true }),
    ]);
    expect(made!.spec).toMatchObject(claim);
    plane.api.handle({ verb: "delete", kind: "Pod", key: objectKey("default", "web"), options: {} });
    plane.settle(5 * second);
    expect(plane.list("PersistentVolumeClaim")).toEqual([]);
  });

  it("cannot have the claim of somebody else", () => {
    const theirs = {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { name: "web-scratch", namespace: "default" },
      spec: claim,
    };
    const plane = planeWith(theirs as NewObject, pod);
    const told = [...plane.api.events.all()].filter(({ reason }) => reason === "FailedBinding");
    expect(told[0]).toMatchObject({
      source: "ephemeral_volume",
      message:
        "ephemeral volume scratch: PVC default/web-scratch was not created for pod default/web (pod is not owner)",
    });
    expect(plane.list("PersistentVolumeClaim")).toHaveLength(1);
    // Once that claim is gone, the pod gets its own.
    plane.api.handle({
      verb: "delete",
      kind: "PersistentVolumeClaim",
      key: objectKey("default", "web-scratch"),
      options: {},
    });
    plane.api.handle({ verb: "delete", kind: "Pod", key: objectKey("default", "web"), options: {} });
    plane.settle(5 * second);
    plane.create(pod);
    plane.settle(second);
    const [made] = plane.list<PersistentVolumeClaim>("PersistentVolumeClaim");
    expect(made!.metadata.ownerReferences).toHaveLength(1);
  });

  it("is made, attached and mounted before the pod runs", () => {
    const manifests = `apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: { name: fast }
provisioner: ebs.csi.aws.com
volumeBindingMode: WaitForFirstConsumer
---
${JSON.stringify(pod)}
`;
    const run = new Simulation(smallScenario({ duration: "15m" }, manifests), "1");
    run.runUntil(run.scenario.warmUpUs);
    const web = run.api.store.get("Pod", objectKey("default", "web")) as Pod;
    expect(podCondition(web, "Ready")?.status).toBe("True");
    const [made] = [...run.api.store.list("PersistentVolumeClaim")] as PersistentVolumeClaim[];
    expect(made!.status.phase).toBe("Bound");
    expect([...run.api.store.list("VolumeAttachment")]).toHaveLength(1);
  });
});
