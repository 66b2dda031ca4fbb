import { describe, expect, it } from "vitest";
import type { NewObject } from "../../src/apiserver/index.ts";
import { type KubeObject, type Namespace, type OwnerReference, objectKey } from "../../src/model/index.ts";
import { ControlPlane } from "./control-plane.ts";

const second = 1_000_000;
const database = (name: string, metadata: object = {}): NewObject =>
  ({
    apiVersion: "example.com/v1",
    kind: "Database",
    metadata: { name, namespace: "default", ...metadata },
    spec: {},
  }) as NewObject;

function ownedBy({ apiVersion, kind, metadata }: KubeObject, more: Partial<OwnerReference> = {}): OwnerReference {
  return { apiVersion, kind, name: metadata.name, uid: metadata.uid, ...more };
}

function planeWith(...objects: NewObject[]): ControlPlane {
  const plane = new ControlPlane();
  for (const object of objects) plane.create(object);
  plane.settle(second);
  return plane;
}

function configMap(name: string, owners: OwnerReference[], namespace = "default"): NewObject {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace, ownerReferences: owners } } as NewObject;
}

function names(plane: ControlPlane, kind: string): string[] {
  return plane.list(kind).map(({ metadata }) => metadata.name);
}

function remove(
  plane: ControlPlane,
  kind: string,
  name: string,
  propagationPolicy: "Background" | "Foreground" | "Orphan",
): void {
  plane.api.handle({ verb: "delete", kind, key: objectKey("default", name), options: { propagationPolicy } });
}

const theirs = (plane: ControlPlane, kind: string): KubeObject => plane.list(kind)[0]!;

describe("what a custom resource owns", () => {
  it.each([
    ["Background", {}, [], []],
    ["Foreground", { blockOwnerDeletion: true }, [], []],
    ["Orphan", {}, ["settings"], []],
  ] as const)("deleted with %s", (policy, reference, left, owners) => {
    const plane = planeWith(database("db"));
    plane.create(configMap("settings", [ownedBy(theirs(plane, "Database"), reference)]));
    plane.settle(second);
    remove(plane, "Database", "db", policy);
    plane.settle(5 * second);
    expect(names(plane, "Database")).toEqual([]);
    expect(names(plane, "ConfigMap")).toEqual(left);
    expect(plane.list("ConfigMap").flatMap(({ metadata }) => metadata.ownerReferences ?? [])).toEqual(owners);
  });

  it("waits in the foreground for what blocks it", () => {
    const plane = planeWith(database("db"));
    const owners = [ownedBy(theirs(plane, "Database"), { blockOwnerDeletion: true })];
    plane.create(database("replica", { ownerReferences: owners, finalizers: ["example.com/backup"] }));
    plane.settle(second);
    remove(plane, "Database", "db", "Foreground");
    plane.settle(5 * second);
    expect(names(plane, "Database")).toEqual(["db", "replica"]);
    const free = (stored: KubeObject): KubeObject => ({ ...stored, metadata: { ...stored.metadata, finalizers: [] } });
    plane.patch("Database", objectKey("default", "replica"), "main", free as never);
    plane.settle(5 * second);
    expect(names(plane, "Database")).toEqual([]);
  });
});

describe("an owner that is not to be found", () => {
  const uid = "4f1b0c52-0000-4000-8000-000000000001" as OwnerReference["uid"];

  it.each([
    ["was never there", { kind: "Database", uid }, []],
    ["is of a kind that nobody serves", { kind: "Fortress", uid }, ["settings"]],
  ])("%s", (_what, owner, left) => {
    const plane = planeWith(configMap("settings", [{ apiVersion: "example.com/v1", name: "db", ...owner }]));
    plane.settle(5 * second);
    expect(names(plane, "ConfigMap")).toEqual(left);
  });

  it("is taken out where another owner lives", () => {
    const plane = planeWith(database("db"));
    const living = ownedBy(theirs(plane, "Database"));
    plane.create(configMap("settings", [living, { ...living, name: "gone", uid }]));
    plane.settle(5 * second);
    expect(plane.list("ConfigMap").flatMap(({ metadata }) => metadata.ownerReferences)).toEqual([living]);
  });

  it("is in another namespace, which an event tells before the object goes", () => {
    const plane = planeWith({ apiVersion: "v1", kind: "Namespace", metadata: { name: "other" } }, database("db"));
    const owner = ownedBy(theirs(plane, "Database"));
    plane.create(configMap("settings", [owner], "other"));
    plane.settle(5 * second);
    expect(names(plane, "ConfigMap")).toEqual([]);
    const told = [...plane.api.events.all()].filter(({ reason }) => reason === "OwnerRefInvalidNamespace");
    expect(told.map(({ message }) => message)).toEqual([
      `ownerRef [example.com/v1/Database, namespace: other, name: db, uid: ${owner.uid}] does not exist in namespace "other"`,
    ]);
  });
});

it("a namespace that goes takes custom resources with it, and says what holds it", () => {
  const plane = planeWith(database("db", { finalizers: ["example.com/backup"] }), database("free"));
  plane.api.handle({ verb: "delete", kind: "Namespace", key: objectKey(undefined, "default"), options: {} });
  plane.settle(20 * second);
  expect(names(plane, "Database")).toEqual(["db"]);
  const { conditions = [] } = plane.list<Namespace>("Namespace")[0]!.status ?? {};
  expect(conditions.filter(({ status }) => status === "True").map(({ message }) => message)).toEqual([
    "Some resources are remaining: databases.example.com has 1 resource instances",
    "Some content in the namespace has finalizers remaining: example.com/backup in 1 resource instances",
  ]);
});
