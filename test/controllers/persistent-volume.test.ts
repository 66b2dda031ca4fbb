import { describe, expect, it } from "vitest";
import { objectKey, type PersistentVolume, type PersistentVolumeClaim } from "../../src/model/index.ts";
import { ControlPlane, podTemplate } from "./control-plane.ts";

const storageClass = (volumeBindingMode: string) => ({
  apiVersion: "storage.k8s.io/v1",
  kind: "StorageClass",
  metadata: { name: "fast" },
  provisioner: "disks.example.com",
  volumeBindingMode,
});
const claim = (storageClassName: string) => ({
  accessModes: ["ReadWriteOnce"],
  storageClassName,
  resources: { requests: { storage: "5Gi" } },
});
const volume = (name: string, storage: string) => ({
  apiVersion: "v1",
  kind: "PersistentVolume",
  metadata: { name },
  spec: { capacity: { storage }, accessModes: ["ReadWriteOnce"], storageClassName: "manual", hostPath: { path: "/x" } },
});

describe("claims", () => {
  it("of a StatefulSet are made with its pods and bound once these have a node", () => {
    const plane = new ControlPlane();
    plane.create(storageClass("WaitForFirstConsumer"));
    const spec = {
      replicas: 2,
      serviceName: "db",
      selector: { matchLabels: { app: "db" } },
      template: podTemplate("db"),
      volumeClaimTemplates: [{ metadata: { name: "data" }, spec: claim("fast") }],
    };
    plane.create({ apiVersion: "apps/v1", kind: "StatefulSet", metadata: { name: "db", namespace: "default" }, spec });
    plane.settle(60_000_000);
    const claims = plane.list<PersistentVolumeClaim>("PersistentVolumeClaim");
    expect(claims.map(({ metadata, status }) => `${metadata.name} ${status.phase}`)).toEqual([
      "data-db-0 Bound",
      "data-db-1 Bound",
    ]);
    const volumes = plane.list<PersistentVolume>("PersistentVolume");
    expect(volumes.map(({ status, spec: { capacity } }) => `${capacity?.["storage"]} ${status.phase}`)).toEqual([
      "5Gi Bound",
      "5Gi Bound",
    ]);
  });

  it("that wait for their first consumer get nothing without one", () => {
    const plane = new ControlPlane();
    plane.create(storageClass("WaitForFirstConsumer"));
    const metadata = { name: "lonely", namespace: "default" };
    plane.create({ apiVersion: "v1", kind: "PersistentVolumeClaim", metadata, spec: claim("fast") });
    plane.settle(60_000_000);
    expect(plane.list("PersistentVolume")).toEqual([]);
  });

  it("take the smallest volume that fits", () => {
    const plane = new ControlPlane();
    for (const [name, storage] of [
      ["big", "20Gi"],
      ["small", "4Gi"],
      ["right", "6Gi"],
    ] as const)
      plane.create(volume(name, storage));
    plane.settle(1_000_000);
    const metadata = { name: "mine", namespace: "default" };
    plane.create({ apiVersion: "v1", kind: "PersistentVolumeClaim", metadata, spec: claim("manual") });
    plane.settle(20_000_000);
    expect(plane.list<PersistentVolumeClaim>("PersistentVolumeClaim")[0]!.spec.volumeName).toBe("right");
  });

  it("that go take the volume made for them along, once no pod uses them", () => {
    const plane = new ControlPlane();
    plane.create(storageClass("Immediate"));
    const key = objectKey("default", "mine");
    const metadata = { name: "mine", namespace: "default" };
    plane.create({ apiVersion: "v1", kind: "PersistentVolumeClaim", metadata, spec: claim("fast") });
    const volumes = [{ name: "data", persistentVolumeClaim: { claimName: "mine" } }];
    const pod = { metadata: { name: "user", namespace: "default" }, spec: { ...podTemplate("user").spec, volumes } };
    plane.create({ apiVersion: "v1", kind: "Pod", ...pod });
    plane.settle(20_000_000);
    plane.api.handle({ verb: "delete", kind: "PersistentVolumeClaim", key });
    plane.settle(20_000_000);
    expect(plane.list("PersistentVolumeClaim")).toHaveLength(1);
    plane.api.handle({ verb: "delete", kind: "Pod", key: objectKey("default", "user") });
    plane.settle(20_000_000);
    expect(plane.list("PersistentVolumeClaim")).toEqual([]);
    expect(plane.list("PersistentVolume")).toEqual([]);
  });
});
