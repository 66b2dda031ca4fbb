import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ApiReply, ApiServer, type LogEntry, Store } from "../../src/apiserver/index.ts";
import { type ConfigMap, type KubeObject, keyOf, objectKey, type Pod, WallClock } from "../../src/model/index.ts";
import { EventLoop, handler, phase } from "../../src/sim/index.ts";

function server(): { readonly api: ApiServer; readonly log: LogEntry[]; readonly loop: EventLoop } {
  const loop = new EventLoop();
  const api = new ApiServer(new Store(loop, new WallClock(0)), "1");
  const log: LogEntry[] = [];
  api.store.onCommit((entry) => log.push(entry));
  for (const name of ["default", "other"])
    api.handle({ verb: "create", object: { apiVersion: "v1", kind: "Namespace", metadata: { name } } });
  log.length = 0;
  return { api, log, loop };
}

function accepted<T extends KubeObject>(reply: ApiReply): T {
  if (!reply.ok) throw new Error(reply.error.message);
  return reply.object as T;
}

const configMap = (name: string, value: string) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace: "default" },
  data: { value },
});

const pod = (name: string, fields: object = {}) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace: "default" },
  spec: { containers: [{ name: "c", image: "nginx:1.25" }], ...fields },
});

describe("the store behind the API server", () => {
  interface Real {
    readonly api: ApiServer;
    readonly stale: Map<string, ConfigMap>;
  }
  type Model = Map<string, string>;

  /** Commands on two names; the model is a map of names to values. */
  class Create implements fc.Command<Model, Real> {
    readonly name: string;
    readonly value: string;
    constructor(name: string, value: string) {
      this.name = name;
      this.value = value;
    }
    check = (): boolean => true;
    run(model: Model, { api, stale }: Real): void {
      const reply = api.handle({ verb: "create", object: configMap(this.name, this.value) });
      expect(reply.ok).toBe(!model.has(this.name));
      if (!reply.ok) expect(reply.error.reason).toBe("AlreadyExists");
      if (reply.ok) stale.set(this.name, reply.object as ConfigMap);
      if (reply.ok) model.set(this.name, this.value);
    }
    toString = (): string => `create ${this.name}=${this.value}`;
  }
  class Update implements fc.Command<Model, Real> {
    readonly name: string;
    readonly value: string;
    constructor(name: string, value: string) {
      this.name = name;
      this.value = value;
    }
    check = (model: Readonly<Model>): boolean => model.has(this.name);
    run(model: Model, { api }: Real): void {
      const stored = api.store.get("ConfigMap", objectKey("default", this.name))!;
      const before = api.store.revision;
      const next = { ...stored, data: { value: this.value } };
      accepted(api.handle({ verb: "update", next, part: "main" }));
      // Equal content is no write.
      expect(api.store.revision - before).toBe(model.get(this.name) === this.value ? 0 : 1);
      model.set(this.name, this.value);
    }
    toString = (): string => `update ${this.name}=${this.value}`;
  }
  class UpdateStaleCopy implements fc.Command<Model, Real> {
    readonly name: string;
    constructor(name: string) {
      this.name = name;
    }
    check = (model: Readonly<Model>): boolean => model.has(this.name);
    run(_model: Model, { api, stale }: Real): void {
      const copy = stale.get(this.name)!;
      const current = api.store.get("ConfigMap", objectKey("default", this.name))!;
      if (copy.metadata.resourceVersion === current.metadata.resourceVersion) return;
      const reply = api.handle({
        verb: "update",
        next: { ...copy, data: { value: "stale" } } as ConfigMap,
        part: "main",
      });
      expect(reply).toMatchObject({ ok: false, error: { code: 409, reason: "Conflict" } });
      expect(api.store.get("ConfigMap", keyOf(current))).toBe(current); // A refused write leaves no trace.
    }
    toString = (): string => `update a stale ${this.name}`;
  }
  class Delete implements fc.Command<Model, Real> {
    readonly name: string;
    constructor(name: string) {
      this.name = name;
    }
    check = (): boolean => true;
    run(model: Model, { api }: Real): void {
      const reply = api.handle({ verb: "delete", kind: "ConfigMap", key: objectKey("default", this.name) });
      expect(reply.ok).toBe(model.delete(this.name));
    }
    toString = (): string => `delete ${this.name}`;
  }

  it("holds what its model holds, and its log replays to the same objects", () => {
    const name = fc.constantFrom("a", "b");
    const value = fc.constantFrom("1", "2", "3");
    const commands = fc.commands(
      [
        fc.tuple(name, value).map(([n, v]) => new Create(n, v)),
        fc.tuple(name, value).map(([n, v]) => new Update(n, v)),
        name.map((n) => new UpdateStaleCopy(n)),
        name.map((n) => new Delete(n)),
      ],
      { maxCommands: 60 },
    );
    fc.assert(
      fc.property(commands, (plan) => {
        const { api, log } = server();
        const model: Model = new Map();
        fc.modelRun(() => ({ model, real: { api, stale: new Map() } }), plan);
        const held = new Map(
          [...api.store.list("ConfigMap")].map(({ metadata, data }) => [metadata.name, data?.["value"]]),
        );
        expect(held).toEqual(model);
        const replayed = new Map<string, KubeObject>();
        for (const { before, after } of log) {
          if (after === undefined) replayed.delete(keyOf(before!));
          else replayed.set(keyOf(after), after);
        }
        expect([...replayed.values()].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))).toEqual(
          [...api.store.list("ConfigMap")].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1)),
        );
        const revisions = log.map(({ revision }) => revision);
        expect(revisions).toEqual([...revisions].sort((a, b) => a - b));
      }),
    );
  });

  it("gives frozen objects, defaulted as the server does", () => {
    const { api } = server();
    const stored = accepted<Pod>(api.handle({ verb: "create", object: pod("p") }));
    expect(Object.isFrozen(stored.spec.containers[0])).toBe(true);
    expect(stored.spec.restartPolicy).toBe("Always");
    expect(stored.spec.tolerations?.map(({ tolerationSeconds }) => tolerationSeconds)).toEqual([300, 300]);
    expect(stored.status).toMatchObject({ phase: "Pending", qosClass: "BestEffort" });
  });

  it("keeps spec from status writes and status from spec writes, and counts generations", () => {
    const { api } = server();
    const stored = accepted<Pod>(api.handle({ verb: "create", object: pod("p") }));
    const both = {
      ...stored,
      spec: { ...stored.spec, activeDeadlineSeconds: 5 },
      status: { ...stored.status, phase: "Running" },
    };
    const status = accepted<Pod>(api.handle({ verb: "update", next: both, part: "status" }));
    expect([status.status.phase, status.spec.activeDeadlineSeconds, status.metadata.generation]).toEqual([
      "Running",
      undefined,
      1,
    ]);
    const next = { ...status, spec: { ...status.spec, activeDeadlineSeconds: 5 }, status: { phase: "Failed" } };
    const spec = accepted<Pod>(api.handle({ verb: "update", next, part: "main" }));
    expect([spec.status.phase, spec.spec.activeDeadlineSeconds, spec.metadata.generation]).toEqual(["Running", 5, 2]);
  });
});

describe("deletion", () => {
  const running = (api: ApiServer): Pod => {
    accepted(api.handle({ verb: "create", object: { apiVersion: "v1", kind: "Node", metadata: { name: "n" } } }));
    const { metadata } = accepted<Pod>(
      api.handle({ verb: "create", object: pod("p", { terminationGracePeriodSeconds: 20 }) }),
    );
    return accepted<Pod>(api.handle({ verb: "bind", key: objectKey("default", "p"), uid: metadata.uid, node: "n" }));
  };

  it("takes an unassigned pod at once", () => {
    const { api } = server();
    accepted(api.handle({ verb: "create", object: pod("p") }));
    accepted(api.handle({ verb: "delete", kind: "Pod", key: objectKey("default", "p") }));
    expect(api.store.get("Pod", objectKey("default", "p"))).toBeUndefined();
  });

  it("gives a bound pod its grace, which a later call only shortens", () => {
    const { api } = server();
    const key = keyOf(running(api));
    accepted(api.handle({ verb: "delete", kind: "Pod", key }));
    const grace = (): number | undefined => api.store.get("Pod", key)?.metadata.deletionGracePeriodSeconds;
    expect(grace()).toBe(20);
    accepted(api.handle({ verb: "delete", kind: "Pod", key, options: { gracePeriodSeconds: 60 } }));
    expect(grace()).toBe(20);
    accepted(api.handle({ verb: "delete", kind: "Pod", key, options: { gracePeriodSeconds: 5 } }));
    expect(grace()).toBe(5);
    accepted(api.handle({ verb: "delete", kind: "Pod", key, options: { gracePeriodSeconds: 0 } }));
    expect(grace()).toBeUndefined();
  });

  it("holds an object with finalizers until the last one goes", () => {
    const { api } = server();
    const held = {
      ...configMap("held", "1"),
      metadata: { name: "held", namespace: "default", finalizers: ["example.com/hold"] },
    };
    const key = keyOf(accepted(api.handle({ verb: "create", object: held })));
    accepted(api.handle({ verb: "delete", kind: "ConfigMap", key }));
    const stored = api.store.get("ConfigMap", key)!;
    expect(stored.metadata.deletionTimestamp).toBeDefined();
    const next = { ...stored, metadata: { ...stored.metadata, finalizers: [] } };
    accepted(api.handle({ verb: "update", next, part: "main" }));
    expect(api.store.get("ConfigMap", key)).toBeUndefined();
  });

  it("refuses to bind twice, in upstream's words", () => {
    const { api } = server();
    const { metadata } = running(api);
    const reply = api.handle({ verb: "bind", key: objectKey("default", "p"), uid: metadata.uid, node: "n" });
    const message = 'Operation cannot be fulfilled on pods/binding "p": pod p is already assigned to node "n"';
    expect(reply).toMatchObject({ ok: false, error: { code: 409, message } });
  });
});

describe("refusals", () => {
  it.each([
    [
      { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "c", namespace: "nowhere" } },
      404,
      'namespaces "nowhere" not found',
    ],
    [pod("p", { priorityClassName: "urgent" }), 403, "no PriorityClass with name urgent was found"],
  ])("refuses %j with %d", (object, code, message) => {
    const reply = server().api.handle({ verb: "create", object });
    expect(reply).toMatchObject({ ok: false, error: { code } });
    expect(reply.ok ? "" : reply.error.message).toContain(message);
  });

  it("answers nobody while it is down", () => {
    const { api } = server();
    api.up = false;
    expect(api.handle({ verb: "get", kind: "Pod", key: objectKey("default", "p") })).toMatchObject({
      ok: false,
      error: { code: 503 },
    });
  });
});

describe("leases", () => {
  it("computes the last renewal from a beat that stopped", () => {
    const { api, loop } = server();
    const told: string[] = [];
    api.leases.onChange((node) => told.push(node));
    api.leases.begin("n", { phaseUs: 3_000_000, periodUs: 10_000_000 }, 0);
    expect(api.leases.lastRenewalUs("n", 25_000_000)).toBe(23_000_000);
    loop.schedule(
      27_000_000,
      phase.world,
      handler("cut", () => api.leases.end("n", loop.nowUs)),
      undefined,
    );
    loop.step(1, 30_000_000);
    expect(api.leases.beating("n")).toBe(false);
    expect(api.leases.lastRenewalUs("n", 900_000_000)).toBe(23_000_000);
    api.leases.begin("n", { phaseUs: 95_000_000, periodUs: 10_000_000 }, 90_000_000);
    expect(api.leases.lastRenewalUs("n", 91_000_000)).toBe(23_000_000);
    expect(told).toEqual(["n", "n", "n"]);
  });
});
