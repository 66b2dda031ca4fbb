import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type Node, objectKey, podCondition, type VolumeAttachment } from "../../src/model/index.ts";
import { Simulation } from "../../src/simulate.ts";
import { smallScenario } from "../small-scenario.ts";

const manifests = `apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: { name: fast }
provisioner: ebs.csi.aws.com
volumeBindingMode: WaitForFirstConsumer
---
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: db }
spec:
  replicas: 1
  serviceName: db
  selector: { matchLabels: { app: db } }
  template:
    metadata: { labels: { app: db } }
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: db
          image: example.com/db:1
          resources: { requests: { cpu: 200m, memory: 128Mi } }
          volumeMounts: [{ name: data, mountPath: /data }]
  volumeClaimTemplates:
    - metadata: { name: data }
      spec: { accessModes: [ReadWriteOnce], storageClassName: fast, resources: { requests: { storage: 1Gi } } }
`;

const second = 1_000_000;
const podKey = objectKey("default", "db-0");

function simulation(spec: object): Simulation {
  const nodePools = [{ name: "general", instanceType: "m6i.large", zones: ["us-east-1a"], min: 3 }];
  return new Simulation(smallScenario({ duration: "15m", cluster: { nodePools }, ...spec }, manifests), "1");
}

/** Runs until so many seconds after the warm-up. */
function runTo(run: Simulation, seconds: number): void {
  run.runUntil(run.scenario.warmUpUs + seconds * second);
}

function nodeOf(run: Simulation): string | undefined {
  return run.api.store.get("Pod", podKey)?.spec.nodeName;
}

function isReady(run: Simulation): boolean {
  const pod = run.api.store.get("Pod", podKey);
  return pod !== undefined && podCondition(pod, "Ready")?.status === "True";
}

function changeNode(run: Simulation, name: string, change: (spec: Node["spec"]) => Node["spec"]): void {
  const key = objectKey(undefined, name);
  const reply = run.api.handle({
    verb: "patch",
    kind: "Node",
    key,
    part: "main",
    change: (node: Node) => ({ ...node, spec: change(node.spec) }),
  });
  expect(reply.ok).toBe(true);
}

function cordon(run: Simulation, name: string): void {
  changeNode(run, name, (spec) => ({ ...spec, unschedulable: true }));
}

/** Somebody deletes the pod; its StatefulSet makes another. */
function remove(run: Simulation, gracePeriodSeconds?: number): void {
  const options = gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds };
  expect(run.api.handle({ verb: "delete", kind: "Pod", key: podKey, options }).ok).toBe(true);
}

/** The first second of the run at which the pod is ready on another machine than `before`. */
function readyElsewhereAt(run: Simulation, from: number, before: string): number {
  for (let at = from; ; at += 1) {
    runTo(run, at);
    if (isReady(run) && nodeOf(run) !== before) return at;
    if (at > 880) return Number.POSITIVE_INFINITY;
  }
}

function eventsOf(run: Simulation): { readonly reason: string; readonly message: string }[] {
  return [...run.api.events.all()].filter(({ kind, key }) => kind === "Pod" && key === podKey);
}

function attachments(run: Simulation): string[] {
  return [...run.api.store.list("VolumeAttachment")].map(
    ({ spec, status }: VolumeAttachment) => `${spec.nodeName} ${status.attached}`,
  );
}

describe("a volume that one machine at a time may have", () => {
  it("is attached where its pod runs, and says so in the Node's status", () => {
    const run = simulation({});
    runTo(run, 0);
    expect(isReady(run)).toBe(true);
    expect(attachments(run)).toEqual([`${nodeOf(run)} true`]);
    const node = run.api.store.get("Node", objectKey(undefined, nodeOf(run)!))!;
    const [volume] = [...run.api.store.list("PersistentVolume")];
    const name = `kubernetes.io/csi/ebs.csi.aws.com^${volume!.spec.csi!.volumeHandle}`;
    expect(node.status.volumesAttached).toEqual([{ name, devicePath: "" }]);
    expect(node.status.volumesInUse).toEqual([name]);
    const [{ metadata }] = [...run.api.store.list("VolumeAttachment")] as [VolumeAttachment];
    const hashed = `${volume!.spec.csi!.volumeHandle}ebs.csi.aws.com${nodeOf(run)}`;
    expect(metadata.name).toBe(`csi-${createHash("sha256").update(hashed).digest("hex")}`);
  });

  it("follows its pod from a machine that is well as soon as the kubelet has let go of it", () => {
    const run = simulation({});
    runTo(run, 60);
    const before = nodeOf(run)!;
    cordon(run, before);
    remove(run);
    // Reported unused within 10 s, detached in 3 s, attached in 3 s, seen by the new kubelet at its next try.
    expect(readyElsewhereAt(run, 60, before)).toBeLessThan(60 + 45);
    expect(attachments(run)).toEqual([`${nodeOf(run)} true`]);
  });

  it("is taken from a lost machine six minutes after its pod is gone, and its successor is told why it waits", () => {
    const run = simulation({});
    runTo(run, 30);
    const before = nodeOf(run)!;
    run.world.setPower(run.world.machine(before)!, false);
    runTo(run, 180);
    remove(run, 0);
    const at = readyElsewhereAt(run, 180, before);
    expect(at).toBeGreaterThan(180 + 366);
    expect(at).toBeLessThan(180 + 366 + 122);
    const [volume] = [...run.api.store.list("PersistentVolume")];
    const said = `Multi-Attach error for volume "${volume!.metadata.name}" Volume is already exclusively attached to one node and can't be attached to another`;
    expect(eventsOf(run).filter(({ reason }) => reason === "FailedAttachVolume")).toMatchObject([{ message: said }]);
  });

  it("is taken at once from a machine that is out of service", () => {
    const run = simulation({});
    runTo(run, 30);
    const before = nodeOf(run)!;
    run.world.setPower(run.world.machine(before)!, false);
    runTo(run, 180);
    const taint = { key: "node.kubernetes.io/out-of-service", value: "nodeshutdown", effect: "NoExecute" };
    changeNode(run, before, (spec) => ({ ...spec, taints: [...(spec.taints ?? []), taint] }));
    remove(run, 0);
    expect(readyElsewhereAt(run, 180, before)).toBeLessThan(180 + 45);
  });
});
