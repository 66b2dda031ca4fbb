import { afterEach, describe, expect, it, vi } from "vitest";
import { Informer } from "../src/client/informer.ts";
import type { KubeObject } from "../src/model/index.ts";
import { Simulation } from "../src/simulate.ts";
import { smallScenario } from "./small-scenario.ts";

const podsPerDeployment = 6;

function deployment(name: string): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name} }
spec:
  replicas: ${podsPerDeployment}
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name} } }
    spec:
      containers:
        - name: web
          image: example.com/web:1
          resources: { requests: { cpu: 300m, memory: 256Mi } }
---
apiVersion: v1
kind: Service
metadata: { name: ${name} }
spec: { selector: { app: ${name} }, ports: [{ port: 80 }] }
`;
}

interface Work {
  readonly eventsPerPod: number;
  readonly writesPerPod: number;
  /** Objects that controllers and the scheduler took out of their caches. */
  readonly readsPerPod: number;
}

/** One Deployment is rolled while so many others rest beside it. */
function rolledBeside(others: number): Work {
  const names = ["web", ...Array.from({ length: others }, (_, index) => `other-${index}`)];
  const machines = 2 * names.length;
  const scenario = smallScenario(
    {
      cluster: {
        nodePools: [{ name: "general", instanceType: "m6i.large", zones: ["us-east-1a", "us-east-1b"], min: machines }],
      },
      actions: [{ at: "1m", rolloutRestart: "deployment/web" }],
    },
    names.map(deployment).join("---\n"),
  );
  const simulation = new Simulation(scenario, "1");
  simulation.runUntil(scenario.warmUpUs + 59_000_000);
  let reads = 0;
  const counted = function* (objects: Iterable<KubeObject>): Generator<KubeObject> {
    for (const object of objects) {
      reads += 1;
      yield object;
    }
  };
  const { by, all, get } = Informer.prototype;
  vi.spyOn(Informer.prototype, "by").mockImplementation(function (this: Informer, ...args) {
    return counted(by.apply(this, args)) as ReturnType<typeof by>;
  });
  vi.spyOn(Informer.prototype, "all").mockImplementation(function (this: Informer) {
    return counted(all.apply(this)) as ReturnType<typeof all>;
  });
  vi.spyOn(Informer.prototype, "get").mockImplementation(function (this: Informer, key) {
    reads += 1;
    return get.call(this, key);
  });
  const { store } = simulation.api;
  const [events, writes] = [simulation.loop.firedEvents, store.revision];
  simulation.runUntil(scenario.warmUpUs + 180_000_000);
  const rolled = [...store.list("ReplicaSet")].filter(({ metadata }) => metadata.name.startsWith("web-"));
  expect(rolled.map(({ status }) => status.readyReplicas ?? 0).sort()).toEqual([0, podsPerDeployment]);
  return {
    eventsPerPod: (simulation.loop.firedEvents - events) / podsPerDeployment,
    writesPerPod: (store.revision - writes) / podsPerDeployment,
    readsPerPod: reads / podsPerDeployment,
  };
}

describe("what a change costs", () => {
  afterEach(() => vi.restoreAllMocks());

  it("does not grow with the objects that it does not concern", () => {
    const few = rolledBeside(2);
    vi.restoreAllMocks();
    const many = rolledBeside(24);
    // Eight times the objects; machines are others, so where pods land and how long they take differs a little.
    expect(many.eventsPerPod).toBeLessThan(1.05 * few.eventsPerPod);
    expect(many.writesPerPod).toBeLessThan(1.05 * few.writesPerPod);
    expect(many.readsPerPod).toBeLessThan(1.1 * few.readsPerPod);
  });
});
