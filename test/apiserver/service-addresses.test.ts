import { describe, expect, it } from "vitest";
import { ApiServer, Store } from "../../src/apiserver/index.ts";
import { objectKey, type Service, type ServiceSpec, WallClock } from "../../src/model/index.ts";
import { EventLoop } from "../../src/sim/index.ts";

function server(): ApiServer {
  const api = new ApiServer(new Store(new EventLoop(), new WallClock(0)), "1");
  api.handle({ verb: "create", object: { apiVersion: "v1", kind: "Namespace", metadata: { name: "default" } } });
  return api;
}

function create(api: ApiServer, name: string, spec: Partial<ServiceSpec>): ServiceSpec | string {
  const metadata = { name, namespace: "default" };
  const object = { apiVersion: "v1", kind: "Service", metadata, spec: { ports: [{ port: 80 }], ...spec } } as const;
  const reply = api.handle({ verb: "create", object });
  return reply.ok ? (reply.object as Service).spec : reply.error.message;
}

function change(api: ApiServer, name: string, spec: Partial<ServiceSpec>): ServiceSpec | string {
  const stored = api.store.get("Service", objectKey("default", name)) as Service;
  const reply = api.handle({
    verb: "update",
    next: { ...stored, spec: { ...stored.spec, ...spec } } as Service,
    part: "main",
  });
  return reply.ok ? (reply.object as Service).spec : reply.error.message;
}

describe("addresses of Services", () => {
  it("are given once each: a cluster IP, a node port, and a port for health checks where traffic stays local", () => {
    const api = server();
    const balanced = { type: "LoadBalancer", externalTrafficPolicy: "Local" } as const;
    expect(create(api, "a", balanced)).toMatchObject({
      clusterIP: "10.96.1.0",
      ports: [{ nodePort: 30_128 }],
      healthCheckNodePort: 30_129,
    });
    expect(create(api, "b", { type: "NodePort" })).toMatchObject({
      clusterIP: "10.96.1.1",
      ports: [{ nodePort: 30_130 }],
    });
    expect(create(api, "c", { clusterIP: "None" })).toMatchObject({ clusterIP: "None", clusterIPs: ["None"] });
  });

  it("that a user chooses must be free and in range", () => {
    const api = server();
    create(api, "a", { clusterIP: "10.96.0.10", type: "NodePort", ports: [{ port: 80, nodePort: 30_128 }] });
    expect(create(api, "b", { clusterIP: "10.96.0.10" })).toBe(
      'Service "b" is invalid: spec.clusterIPs: Invalid value: ["10.96.0.10"]: failed to allocate IP 10.96.0.10: provided IP is already allocated',
    );
    expect(create(api, "c", { type: "NodePort", ports: [{ port: 80, nodePort: 30_128 }] })).toBe(
      'Service "c" is invalid: spec.ports[0].nodePort: Invalid value: 30128: provided port is already allocated',
    );
    expect(create(api, "d", { type: "NodePort", ports: [{ port: 80, nodePort: 80 }] })).toBe(
      'Service "d" is invalid: spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767',
    );
    expect(create(api, "e", { type: "NodePort" })).toMatchObject({ ports: [{ nodePort: 30_129 }] });
  });

  it("are free again when their Service is gone", () => {
    const api = server();
    create(api, "a", { clusterIP: "10.96.0.10" });
    api.handle({ verb: "delete", kind: "Service", key: objectKey("default", "a"), options: {} });
    expect(create(api, "b", { clusterIP: "10.96.0.10" })).toMatchObject({ clusterIP: "10.96.0.10" });
  });

  it("follow a change of type: ports come with it and go with it, the cluster IP stays", () => {
    const api = server();
    create(api, "a", {});
    const opened = change(api, "a", { type: "NodePort", externalTrafficPolicy: "Cluster" }) as ServiceSpec;
    expect(opened).toMatchObject({ clusterIP: "10.96.1.0", ports: [{ nodePort: 30_128 }] });
    expect(change(api, "a", { ports: [{ port: 80, protocol: "TCP", targetPort: 80 }] })).toMatchObject(opened);
    const closed = change(api, "a", { type: "ClusterIP" }) as ServiceSpec;
    expect(closed).toMatchObject({ clusterIP: "10.96.1.0", ports: [{ port: 80 }] });
    expect(closed.ports![0]).not.toHaveProperty("nodePort");
    expect(closed).not.toHaveProperty("externalTrafficPolicy");
  });
});
