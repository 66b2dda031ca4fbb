import { expect, it } from "vitest";
import { printRow } from "../../src/model/index.ts";

const created = { creationTimestamp: "2026-03-02T09:00:00Z" };
const now = Date.UTC(2026, 2, 2, 9, 5) / 1000;
const owner = { apiVersion: "apps/v1", kind: "StatefulSet", name: "db", uid: "u", controller: true };
const containers = [{ name: "c", image: "app:1" }];

/** What `kubectl get -o wide` shows of kinds that no recording has; columns by name, in their order. */
it.each([
  [
    {
      kind: "ReplicationController",
      spec: { replicas: 2, selector: { app: "old" }, template: { spec: { containers } } },
    },
    { Desired: 2, Current: 0, Ready: 0, Age: "5m", Containers: "c", Images: "app:1", Selector: "app=old" },
  ],
  [
    {
      kind: "ResourceQuota",
      status: { hard: { pods: "10", cpu: "4", "limits.cpu": "8" }, used: { pods: "3", cpu: "1500m" } },
    },
    { Request: "cpu: 1500m/4, pods: 3/10", Limit: "limits.cpu: 0/8", Age: "5m" },
  ],
  [
    { kind: "PriorityClass", value: 1000, preemptionPolicy: "Never" },
    { Value: 1000, "Global-Default": "false", Age: "5m", PreemptionPolicy: "Never" },
  ],
  [
    { kind: "StorageClass", provisioner: "ebs.csi.aws.com", volumeBindingMode: "WaitForFirstConsumer" },
    {
      Provisioner: "ebs.csi.aws.com",
      ReclaimPolicy: "Delete",
      VolumeBindingMode: "WaitForFirstConsumer",
      AllowVolumeExpansion: "false",
      Age: "5m",
    },
  ],
  [
    {
      kind: "VolumeAttachment",
      spec: { attacher: "ebs.csi.aws.com", nodeName: "n1", source: { persistentVolumeName: "pv" } },
      status: { attached: true },
    },
    { Attacher: "ebs.csi.aws.com", PV: "pv", Node: "n1", Attached: "true", Age: "5m" },
  ],
  [
    { kind: "ControllerRevision", revision: 3, metadata: { name: "x", ...created, ownerReferences: [owner] } },
    { Controller: "statefulset.apps/db", Revision: 3, Age: "5m" },
  ],
])("prints %j", (object, cells) => {
  const row = printRow({ apiVersion: "v1", metadata: { name: "x", ...created }, ...object } as never, now);
  expect(Object.entries(row)).toEqual(Object.entries({ Name: "x", ...cells }));
});
