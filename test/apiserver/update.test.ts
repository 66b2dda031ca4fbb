import { describe, expect, it } from "vitest";
import { ApiServer, type NewObject, Store } from "../../src/apiserver/index.ts";
import { type Deployment, type EndpointSlice, type KubeObject, objectKey, WallClock } from "../../src/model/index.ts";
import { EventLoop } from "../../src/sim/index.ts";

const labels = { app: "web" };
const deployment = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", namespace: "default" },
  spec: {
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers: [{ name: "c", image: "i" }] } },
  },
};

function server(...objects: NewObject[]): ApiServer {
  const api = new ApiServer(new Store(new EventLoop(), new WallClock(0)), "1");
  const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "default" } };
  for (const object of [namespace, ...objects])
    expect(api.handle({ verb: "create", object })).toMatchObject({ ok: true });
  return api;
}

function update<T extends KubeObject>(api: ApiServer, kind: string, name: string, change: (stored: T) => T) {
  const next = change(api.store.get(kind, objectKey("default", name)) as unknown as T);
  return api.handle({ verb: "update", next, part: "main" });
}

describe("an update", () => {
  it("of what may not change is refused as upstream refuses it", () => {
    const api = server(deployment);
    const reply = update<Deployment>(api, "Deployment", "web", (stored) => ({
      ...stored,
      spec: { ...stored.spec, selector: { matchLabels: { app: "other" } } },
    }));
    expect(reply).toMatchObject({ ok: false, error: { code: 422, reason: "Invalid" } });
    expect(!reply.ok && reply.error.message).toContain("field is immutable");
  });

  it.each([
    [
      "the desired state",
      (stored: Deployment): Deployment => ({ ...stored, spec: { ...stored.spec, replicas: 3 } }),
      2,
    ],
    ["a label", (stored: Deployment): Deployment => ({ ...stored, metadata: { ...stored.metadata, labels } }), 1],
    [
      "an annotation of a Deployment",
      (stored: Deployment): Deployment => ({ ...stored, metadata: { ...stored.metadata, annotations: labels } }),
      2,
    ],
  ])("of %s leaves the right generation", (_what, change, generation) => {
    const reply = update(server(deployment), "Deployment", "web", change);
    expect(reply.ok && reply.object.metadata.generation).toBe(generation);
  });

  it("counts the generation of a kind that has no spec", () => {
    const slice = {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { name: "web-1", namespace: "default" },
      addressType: "IPv4",
      endpoints: [],
      ports: [],
    };
    const reply = update<EndpointSlice>(server(slice), "EndpointSlice", "web-1", (stored) => ({
      ...stored,
      endpoints: [{ addresses: ["10.0.0.1"] }],
    }));
    expect(reply.ok && reply.object.metadata.generation).toBe(2);
  });
});
