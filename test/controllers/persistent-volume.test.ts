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

describe("a claim and a volume", () => {
  const second = 1_000_000;
  const claimNamed = (name: string, storageClassName: string | undefined, fields = {}) => ({
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name, namespace: "default" },
    spec: { ...claim(storageClassName ?? ""), ...(storageClassName === undefined && { storageClassName }), ...fields },
  });
  const promised = (to: string) => ({ claimRef: { kind: "PersistentVolumeClaim", namespace: "default", name: to } });

  function volumeWith(name: string, fields: object, annotations = {}) {
    const { spec, ...rest } = volume(name, "6Gi");
    return { ...rest, metadata: { name, annotations }, spec: { ...spec, ...fields } };
  }

  function planeWith(...objects: object[]): ControlPlane {
    const plane = new ControlPlane();
    for (const object of objects) {
      plane.create(object as never);
      plane.settle(second / 10);
    }
    plane.settle(4 * second);
    return plane;
  }

  const claimOf = (plane: ControlPlane) => plane.list<PersistentVolumeClaim>("PersistentVolumeClaim")[0]!;
  const volumeOf = (plane: ControlPlane) => plane.list<PersistentVolume>("PersistentVolume")[0]!;

  /** Type, reason and message of what was said of claims and volumes, each once. */
  function said(plane: ControlPlane): string[] {
    const of = [...plane.api.events.all()].filter(({ kind }) => kind.startsWith("PersistentVolume"));
    return [...new Set(of.map(({ type, reason, message }) => `${type} ${reason} ${message}`))];
  }

  it.each([
    [
      "no class",
      [claimNamed("mine", "")],
      "Normal FailedBinding no persistent volumes available for this claim and no storage class is set",
    ],
    [
      "a class that is not there",
      [claimNamed("mine", "fast")],
      'Warning ProvisioningFailed storageclass.storage.k8s.io "fast" not found',
    ],
    [
      "a class that makes none",
      [{ ...storageClass("Immediate"), provisioner: "kubernetes.io/no-provisioner" }, claimNamed("mine", "fast")],
      "Warning ProvisioningFailed no volume plugin matched name: kubernetes.io/no-provisioner",
    ],
    [
      "a class that waits for a pod",
      [storageClass("WaitForFirstConsumer"), claimNamed("mine", "fast")],
      "Normal WaitForFirstConsumer waiting for first consumer to be created before binding",
    ],
    [
      "a volume by name that is too small",
      [volume("small", "1Gi"), claimNamed("mine", "manual", { volumeName: "small" })],
      'Warning VolumeMismatch Cannot bind to requested volume "small": requested PV is too small',
    ],
    [
      "a volume by name of another class",
      [volume("other", "6Gi"), claimNamed("mine", "fast", { volumeName: "other" })],
      'Warning VolumeMismatch Cannot bind to requested volume "other": storageClassName does not match',
    ],
  ])("with %s waits, and says why", (_what, objects, event) => {
    const plane = planeWith(...objects);
    expect(claimOf(plane).status.phase).toBe("Pending");
    expect(said(plane)).toEqual([event]);
  });

  it("waits for a pod to be scheduled, by name", () => {
    const plane = new ControlPlane();
    plane.create(storageClass("WaitForFirstConsumer"));
    plane.create(claimNamed("mine", "fast"));
    for (const name of ["one", "two"]) {
      const volumes = [{ name: "data", persistentVolumeClaim: { claimName: "mine" } }];
      const spec = { ...podTemplate("user").spec, volumes };
      plane.create({ apiVersion: "v1", kind: "Pod", metadata: { name, namespace: "default" }, spec } as never);
    }
    plane.api.events.onRecord(({ message }) => {
      if (message.startsWith("waiting")) heard.push(message);
    });
    const heard: string[] = [];
    plane.settle(3_500); // The stand-in for a scheduler takes 5 ms.
    expect(heard).toEqual([]);
    plane.settle(second);
    expect(heard).toEqual(["waiting for pods one,two to be scheduled"]);
  });

  it("are bound by who promised whom: upstream's marks tell", () => {
    const free = planeWith(volume("v", "6Gi"));
    free.create(claimNamed("mine", "manual"));
    free.settle(second);
    expect(claimOf(free).metadata.annotations).toEqual({
      "pv.kubernetes.io/bind-completed": "yes",
      "pv.kubernetes.io/bound-by-controller": "yes",
    });
    expect(volumeOf(free).metadata.annotations).toEqual({ "pv.kubernetes.io/bound-by-controller": "yes" });
    const byUser = planeWith(volumeWith("v", promised("mine")), claimNamed("mine", "manual", { volumeName: "v" }));
    expect(claimOf(byUser).status.phase).toBe("Bound");
    expect(claimOf(byUser).metadata.annotations).toEqual({ "pv.kubernetes.io/bind-completed": "yes" });
    expect(volumeOf(byUser).metadata.annotations ?? {}).toEqual({});
  });

  it("that came before it is bound at the next beat of 15 s", () => {
    const plane = planeWith(claimNamed("mine", "manual"));
    plane.create(volume("late", "6Gi"));
    plane.settle(9 * second);
    expect(claimOf(plane).status.phase).toBe("Pending");
    plane.settle(2 * second);
    expect(claimOf(plane).status.phase).toBe("Bound");
  });

  it("without a class gets the default one that came later", () => {
    const plane = planeWith(claimNamed("mine", undefined));
    const annotations = { "storageclass.kubernetes.io/is-default-class": "true" };
    plane.create({ ...storageClass("Immediate"), metadata: { name: "fast", annotations } });
    plane.settle(20 * second);
    expect(claimOf(plane).spec.storageClassName).toBe("fast");
    expect(claimOf(plane).status.phase).toBe("Bound");
  });

  it("is lost for good with its volume", () => {
    const plane = planeWith(volume("v", "6Gi"), claimNamed("mine", "manual"));
    const release = ({ metadata, ...rest }: PersistentVolume) => ({
      ...rest,
      metadata: { ...metadata, finalizers: [] },
    });
    plane.settle(15 * second);
    plane.patch("PersistentVolume", objectKey(undefined, "v"), "main", release as never);
    plane.api.handle({ verb: "delete", kind: "PersistentVolume", key: objectKey(undefined, "v") });
    plane.settle(second);
    expect(claimOf(plane).status.phase).toBe("Lost");
    expect(said(plane)).toEqual([
      "Warning ClaimLost Bound claim has lost its PersistentVolume. Data on the volume is lost!",
    ]);
  });

  it.each([
    ["Retain", { path: "/x" }, "Released", []],
    [
      "Delete",
      { path: "/x" },
      "Failed",
      ["Warning VolumeFailedDelete host_path deleter only supports /tmp/.+ but received provided /x"],
    ],
    ["Delete", { path: "/tmp/x" }, undefined, []],
  ])(
    "that goes leaves its volume to its policy: %s of %o",
    (persistentVolumeReclaimPolicy, hostPath, phase, events) => {
      const fields = { persistentVolumeReclaimPolicy, hostPath };
      const plane = planeWith(volumeWith("v", fields), claimNamed("mine", "manual"));
      plane.settle(15 * second);
      plane.api.handle({ verb: "delete", kind: "PersistentVolumeClaim", key: objectKey("default", "mine") });
      plane.settle(5 * second);
      expect(plane.list<PersistentVolume>("PersistentVolume").map(({ status }) => status.phase)).toEqual(
        phase === undefined ? [] : [phase],
      );
      expect(said(plane)).toEqual(events);
    },
  );

  it("of incompatible modes are told so, both", () => {
    const plane = planeWith(claimNamed("mine", "manual"));
    const claimRef = { ...promised("mine").claimRef, uid: claimOf(plane).metadata.uid };
    plane.create(volumeWith("v", { claimRef, volumeMode: "Block" }));
    plane.settle(second);
    expect(said(plane).filter((text) => text.includes("VolumeMismatch"))).toEqual([
      'Warning VolumeMismatch Cannot bind PersistentVolume to requested PersistentVolumeClaim "mine" due to incompatible volumeMode.',
      'Warning VolumeMismatch Cannot bind PersistentVolume "v" to requested PersistentVolumeClaim due to incompatible volumeMode.',
    ]);
  });
});
