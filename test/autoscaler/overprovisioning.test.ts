import { expect, it } from "vitest";
import { type RunResult, simulate } from "../../src/index.ts";
import { smallScenario } from "../small-scenario.ts";

const web = `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: web, image: web, resources: { requests: { cpu: 800m } } }] }
`;
const pause = `---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: { name: overprovisioning }
value: -10
globalDefault: false
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: pause }
spec:
  replicas: 2
  selector: { matchLabels: { app: pause } }
  template:
    metadata: { labels: { app: pause } }
    spec:
      priorityClassName: overprovisioning
      terminationGracePeriodSeconds: 0
      containers: [{ name: pause, image: registry.k8s.io/pause:3.10, resources: { requests: { cpu: 800m } } }]
`;
const scenario = (manifests: string) =>
  smallScenario(
    {
      cluster: {
        nodePools: [{ name: "general", instanceType: "m6i.large", zones: ["us-east-1a"], min: 1, max: 6 }],
        clusterAutoscaler: {},
      },
      actions: [{ at: "2m", scale: "deployment/web", replicas: 4 }],
    },
    manifests,
  );

/** Seconds from the order for four until four are ready. */
function readyAfter({ series }: RunResult): number {
  const { ready } = series.workloads.find(({ workload }) => workload === "default/deployment/web")!;
  return ready.indexOf(4) * series.stepSeconds - 120;
}

it("pods of negative priority keep room: web takes it at once, and the autoscaler buys it anew for them", () => {
  const [plain, provisioned] = [web, web + pause].map((manifests) => simulate(scenario(manifests), "1")) as [
    RunResult,
    RunResult,
  ];
  // Without them a machine has to be bought, booted and joined first.
  expect(readyAfter(plain)).toBeGreaterThan(30);
  expect(readyAfter(provisioned)).toBeLessThan(12);
  const preempted = provisioned.decisions.filter(
    ({ by, text }) => by === "kube-scheduler" && /^default\/pause-.*: Preempted by pod/.test(text),
  );
  // Their replacements may be bound in between, and have to go as well.
  expect(preempted.length).toBeGreaterThanOrEqual(2);
  expect(preempted.filter(({ text }) => !/on node general-\d+$/.test(text))).toEqual([]);
  const pauses = provisioned.series.workloads.find(({ workload }) => workload === "default/deployment/pause")!;
  expect(pauses.ready[59]).toBe(2);
  expect(pauses.ready.at(-1)).toBe(2); // On machines bought meanwhile.
  expect(provisioned.machines.most).toBe(plain.machines.most + 1);
});
