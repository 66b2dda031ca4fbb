import { describe, expect, it } from "vitest";
import { isPodActive, objectKey, type Pod, podCondition, type ResourceQuota } from "../../src/model/index.ts";
import { resizeOf } from "../../src/node/pod-resize.ts";
import { Simulation } from "../../src/simulate.ts";
import { smallScenario } from "../small-scenario.ts";

const deployment = (resources: string, extra = ""): string => `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers:
        - name: web
          image: example.com/web:1
          resources: ${resources}
${extra}`;

/** A run on one machine of two cores, with a resize after ten seconds. */
function runWith(resize: object, manifests: string, seconds = 60, others: readonly object[] = []): Simulation {
  const pool = { name: "general", instanceType: "m6i.large", zones: ["us-east-1a"], min: 1 };
  const actions = [{ at: "10s", resize: "deployment/web", ...resize }, ...others];
  const simulation = new Simulation(smallScenario({ cluster: { nodePools: [pool] }, actions }, manifests), "1");
  simulation.runUntil(simulation.scenario.warmUpUs + seconds * 1_000_000);
  return simulation;
}

const pods = ({ api }: Simulation): Pod[] => [...api.store.list("Pod")].filter(isPodActive);
const reasons = ({ api }: Simulation): string[] =>
  [...api.events.all()].filter(({ reason }) => reason.startsWith("Resize")).map(({ reason }) => reason);
const refusals = (simulation: Simulation): string[] =>
  simulation
    .result()
    .decisions.filter(({ text }) => text.includes("was refused"))
    .map(({ text }) => text);

describe("what a running container needs", () => {
  const seen = (resources: object) => ({ state: "running", resources }) as never;
  const policy = [{ resourceName: "memory", restartPolicy: "RestartContainer" }];
  it.each([
    { has: { requests: { cpu: "1" } }, wants: { requests: { cpu: "1000m" } }, expected: undefined },
    { has: { requests: { cpu: "1m" } }, wants: { requests: { cpu: "2m" } }, expected: undefined },
    { has: { limits: { cpu: "5m" } }, wants: { limits: { cpu: "10m" } }, expected: undefined },
    { has: { limits: { cpu: "1" } }, wants: { limits: { cpu: "2" } }, expected: ["cpu"] },
    { has: { limits: { memory: "1Gi" } }, wants: { limits: { memory: "2Gi" } }, expected: ["memory"] },
    { has: { requests: { memory: "1Gi" } }, wants: { requests: { memory: "2Gi" } }, expected: ["memory"] },
  ])("with $has, when its spec says $wants", ({ has, wants, expected }) => {
    const resize = resizeOf({ name: "c", resources: wants as object }, seen(has));
    expect((resize as { resources?: unknown } | undefined)?.resources).toEqual(expected);
  });

  it("is a restart where the policy of a resource that changes says so, and only then", () => {
    const spec = { name: "c", resizePolicy: policy, resources: { limits: { memory: "2Gi", cpu: "1" } } };
    expect(resizeOf(spec, seen({ limits: { memory: "1Gi", cpu: "1" } }))).toBe("restart");
    expect(resizeOf(spec, seen({ limits: { memory: "2Gi", cpu: "2" } }))).not.toBe("restart");
  });
});

describe("a resize", () => {
  const small = '{ requests: { cpu: 500m, memory: 256Mi }, limits: { cpu: "1", memory: 512Mi } }';

  it("is granted and carried out without a restart; status, kernel and the pod's own generation tell of it", () => {
    const simulation = runWith({ requests: { cpu: "1" }, limits: { cpu: "1500m" } }, deployment(small));
    const [pod] = pods(simulation);
    expect(pod!.metadata.generation).toBe(2);
    expect(pod!.status.observedGeneration).toBe(2);
    const [status] = pod!.status.containerStatuses!;
    const resources = { requests: { cpu: "1", memory: "256Mi" }, limits: { cpu: "1500m", memory: "512Mi" } };
    expect(status).toMatchObject({ restartCount: 0, resources, allocatedResources: resources.requests });
    expect(podCondition(pod!, "PodResizeInProgress")).toBeUndefined();
    expect(reasons(simulation)).toEqual(["ResizeStarted", "ResizeCompleted"]);
    const [process] = simulation.world.pod(pod!.metadata.uid)!.containers;
    expect(process!.limits).toMatchObject({ cpuShares: 1024, cpuLimitMillicores: 1500 });
  });

  it("that does not fit is deferred, and granted when a pod has ended", () => {
    const manifest = deployment("{ requests: { cpu: 900m } }").replace("spec:\n", "spec:\n  replicas: 2\n");
    const shrink = { at: "30s", scale: "deployment/web", replicas: 1 };
    const deferred = runWith({ requests: { cpu: "1500m" }, count: 1 }, manifest, 25);
    const pending = pods(deferred).map((pod) => podCondition(pod, "PodResizePending"));
    expect(pending.find((condition) => condition !== undefined)).toMatchObject({
      status: "True",
      reason: "Deferred",
      message: "Node didn't have enough resource: cpu, requested: 1500, used: 900, capacity: 1930",
    });
    const freed = runWith({ requests: { cpu: "1500m" } }, manifest, 120, [shrink]);
    expect(pods(freed).map(({ status }) => status.containerStatuses![0]!.resources)).toEqual([
      { requests: { cpu: "1500m" } },
    ]);
    expect(reasons(freed)).toEqual(["ResizeDeferred", "ResizeDeferred", "ResizeStarted", "ResizeCompleted"]);
  });

  it("leaves room for others where it asks for less, and no invariant breaks", () => {
    const grow = { at: "20s", resize: "pod/other", requests: { cpu: "1500m" } };
    const other =
      "---\napiVersion: v1\nkind: Pod\nmetadata: { name: other }\nspec: { containers: [{ name: c, image: 'i:1', resources: { requests: { cpu: 900m } } }] }\n";
    const simulation = runWith({ requests: { cpu: "100m" } }, deployment("{ requests: { cpu: 900m } }", other), 60, [
      grow,
    ]);
    expect(simulation.result().violations).toEqual([]);
    expect(reasons(simulation)).toEqual(["ResizeStarted", "ResizeCompleted", "ResizeStarted", "ResizeCompleted"]);
  });

  it("restarts the container where its policy says so", () => {
    const policy = "          resizePolicy: [{ resourceName: memory, restartPolicy: RestartContainer }]\n";
    const [pod] = pods(runWith({ limits: { memory: "1Gi" } }, deployment(small, policy)));
    expect(pod!.status.containerStatuses![0]).toMatchObject({
      restartCount: 1,
      resources: { limits: { cpu: "1", memory: "1Gi" } },
    });
  });

  it("that puts a memory limit below what is used fails, says so, and is tried again", () => {
    const again = runWith({ limits: { memory: "1Mi" }, requests: { memory: "1Mi" } }, deployment(small));
    expect(podCondition(pods(again)[0]!, "PodResizeInProgress")).toMatchObject({ reason: "Error" });
    expect(reasons(again)).toEqual(["ResizeStarted", "ResizeError"]);
  });

  it.each([
    {
      because: "the class of service would change",
      resize: { limits: { cpu: "500m", memory: "256Mi" } },
      words: "Pod QOS Class may not change as a result of resizing",
    },
    {
      because: "the limit would be below the request",
      resize: { requests: { cpu: "2" } },
      words: "must be less than or equal to cpu limit of 1",
    },
    {
      because: "the namespace's quota is used up",
      resize: { limits: { cpu: "3" } },
      words: "exceeded quota: cpu, requested: limits.cpu=2, used: limits.cpu=1, limited: limits.cpu=2",
    },
  ])("is refused by the API server where $because", ({ resize, words }) => {
    const quota =
      "---\napiVersion: v1\nkind: ResourceQuota\nmetadata: { name: cpu }\nspec: { hard: { limits.cpu: '2' } }\n";
    const simulation = runWith(resize, deployment(small, quota));
    expect(refusals(simulation)).toHaveLength(1);
    expect(refusals(simulation)[0]).toContain(words);
    expect(reasons(simulation)).toEqual([]);
  });

  it("is charged to the namespace's quota", () => {
    const quota =
      "---\napiVersion: v1\nkind: ResourceQuota\nmetadata: { name: cpu }\nspec: { hard: { limits.cpu: '2' } }\n";
    const { api } = runWith({ limits: { cpu: "2" } }, deployment(small, quota));
    const stored: ResourceQuota = api.store.get("ResourceQuota", objectKey("default", "cpu"))!;
    expect(stored.status?.used).toEqual({ "limits.cpu": "2" });
  });
});
