import { type ApiServer, Store } from "../src/apiserver/index.ts";
import { watchedKinds } from "../src/autoscaler/cluster-autoscaler/cluster-lists.ts";
import { StaticAutoscaler } from "../src/autoscaler/cluster-autoscaler/static-autoscaler.ts";
import { defaultOptions } from "../src/autoscaler/index.ts";
import { Process } from "../src/client/index.ts";
import { machineTypes, templateNode } from "../src/cloud/index.ts";
import { type KubeObject, type Node, WallClock } from "../src/model/index.ts";
import { EventLoop, handler, phase } from "../src/sim/index.ts";
import { World } from "../src/world/index.ts";

const start = "2026-03-02T09:00:00Z";
const pools = ["m6i.xlarge", "m6i.2xlarge", "c6i.4xlarge"].map((type) => ({
  name: type.replace(".", "-"),
  machineType: machineTypes.get(type)!,
  region: "us-east-1",
  zones: ["us-east-1a"],
  min: 0,
  max: 5000,
  initial: 100,
  labels: {},
  taints: [],
}));

/** A running cluster of 300 full nodes in three groups, and `waiting` pods of 40 ReplicaSets that found no place. */
function cluster(waiting: number): { readonly loop: EventLoop; readonly process: Process } {
  const loop = new EventLoop();
  const clock = new WallClock(Date.parse(start) * 1000);
  const store = new Store(loop, clock);
  const create = (object: object): void => void store.create(object as KubeObject);
  create({ kind: "Namespace", metadata: { name: "default", uid: "default", creationTimestamp: start } });
  for (const pool of pools) {
    const template = templateNode(pool);
    for (let index = 0; index < pool.initial; index++) {
      const name = `${pool.name}-${index}`;
      create(nodeOf(template, name));
      create(podOf(`full-${name}`, "full", { cpu: `${pool.machineType.cpuMillicores - 1000}m` }, name));
    }
  }
  for (let index = 0; index < waiting; index++) {
    const set = index % 40;
    create(podOf(`p-${set}-${index}`, `set-${set}`, templates[set]!));
  }
  const groups = pools.map(({ name, min, max, initial: target }) => ({
    name,
    min,
    max,
    target,
    instances: Array.from({ length: target }, (_, index) => ({ name: `${name}-${index}`, state: "running" })),
  }));
  const process = new Process(
    {
      loop,
      api: { store, events: { create: () => 0, repeat: () => 0 } } as unknown as ApiServer,
      world: new World(() => loop.nowUs),
      clock,
    },
    {
      name: "cluster-autoscaler",
      limits: () => ({ perSecond: 0, burst: 0 }),
      provider: (call, reply) => reply(call.operation === "refresh" ? { ok: true, groups } : { ok: true }),
    },
  );
  return { loop, process };
}

function nodeOf(template: Node, name: string): object {
  const labels = { ...template.metadata.labels, "kubernetes.io/hostname": name };
  const conditions = [{ type: "Ready", status: "True", lastTransitionTime: "2026-03-02T08:00:00Z" }];
  return {
    ...template,
    metadata: { name, uid: name, creationTimestamp: "2026-03-02T08:00:00Z", labels },
    status: { ...template.status, conditions },
  };
}

const templates = Array.from({ length: 40 }, (_, set) =>
  Object.freeze({ cpu: `${150 + 25 * (set % 12)}m`, memory: `${128 * (1 + (set % 7))}Mi` }),
);
const containers = new Map<object, object>();

function podOf(name: string, set: string, requests: Readonly<Record<string, string>>, nodeName?: string): object {
  // The parts of a template are shared by its pods, as they are in the API server's store.
  const shared = containers.get(requests) ?? Object.freeze([{ name: "c", image: "i", resources: { requests } }]);
  containers.set(requests, shared);
  const unschedulable = { type: "PodScheduled", status: "False", reason: "Unschedulable", lastTransitionTime: start };
  return {
    kind: "Pod",
    metadata: {
      name,
      namespace: "default",
      uid: name,
      creationTimestamp: "2026-03-02T08:59:00Z",
      labels: { app: set },
      ownerReferences: [{ apiVersion: "apps/v1", kind: "ReplicaSet", name: set, uid: set, controller: true }],
    },
    spec: { containers: shared, schedulerName: "default-scheduler", ...(nodeName !== undefined && { nodeName }) },
    status: nodeName === undefined ? { phase: "Pending", conditions: [unschedulable] } : { phase: "Running" },
  };
}

/** One whole run of the loop over pods that wait: from the lists to the provider's call, in plain time. */
export function benchClusterAutoscaler(): void {
  for (const waiting of [1_000, 10_000]) {
    const times: number[] = [];
    let bought = 0;
    for (let round = 0; round < 20; round++) {
      const { loop, process } = cluster(waiting);
      for (const kind of watchedKinds) process.informer(kind);
      const run = handler<undefined>("bench/run", () => {
        const options = { ...defaultOptions, scaleDownEnabled: false };
        const autoscaler = new StaticAutoscaler(options, specs, () => 0, process.view);
        process.run(autoscaler.runOnce(process.view), ({ scaleUp }) => {
          bought = scaleUp.scaleUps.reduce((sum, { currentSize, newSize }) => sum + newSize - currentSize, 0);
        });
      });
      process.onStart(() => loop.schedule(loop.nowUs, phase.observe, run, undefined));
      process.start();
      loop.step(1, 60_000_000); // Lists everything.
      const before = performance.now();
      loop.step(1, 60_000_000);
      while (loop.step(100_000, 1_000_000) === "more");
      times.push(performance.now() - before);
    }
    const [best] = times.sort((a, b) => a - b);
    const median = times[Math.floor(times.length / 2)]!;
    const figures = `median ${median.toFixed(0)} ms, best ${best!.toFixed(0)} ms`;
    console.log(`${waiting} pending pods, 3 groups, 300 full nodes: ${figures}; ${bought} nodes bought`);
  }
}

const specs = pools.map((pool) => ({ id: pool.name, template: templateNode(pool) }));
