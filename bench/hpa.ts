import type { NewObject } from "../src/apiserver/index.ts";
import { objectKey } from "../src/model/index.ts";
import { parseScenario, type Scenario } from "../src/scenario/index.ts";
import { Simulation } from "../src/simulate.ts";
import type { Curve } from "../src/traffic/index.ts";
import { EventProfile } from "./event-profile.ts";

const hour = 3_600_000_000;
const autoscalers = 1_000;

/** Loads of a day, each as a curve from the start of the run: what moves is what costs. */
const loads: Readonly<Record<string, (startUs: number, index: number) => Curve>> = {
  flat: () => ({ kind: "constant", perSecond: 60 }),
  "a step an hour": (startUs, index) => ({
    kind: "samples",
    between: "hold",
    atUs: Array.from({ length: 24 }, (_, at) => startUs + at * hour + index * 1_000_000),
    perSecond: Array.from({ length: 24 }, (_, at) => (at % 2 === 0 ? 60 : 110)),
  }),
};

/** 1,000 HPAs, each with a Deployment of two to six pods behind a Service, on a whole control plane for a day. */
export function benchHpa(): void {
  console.log("| load | day s | settling s | peak MB | HPA syncs | events | writes | sizes set |");
  console.log("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
  for (const load of Object.keys(loads)) {
    const scenario = day(load);
    const began = process.hrtime.bigint();
    let resized = 0;
    const simulation = new Simulation(scenario, "1", {
      onCommit: ({ before, after }) => {
        if (after?.kind === "Deployment" && before !== undefined && replicasOf(before) !== replicasOf(after))
          resized += 1;
      },
    });
    const profile = new EventProfile();
    simulation.runUntil(scenario.warmUpUs);
    const settled = process.hrtime.bigint();
    let syncs = 0;
    simulation.loop.onFire = (label) => {
      profile.note(label);
      if (label === "horizontal-pod-autoscaler/later") syncs += 1;
    };
    simulation.runUntil(simulation.endUs);
    const dayS = Number(process.hrtime.bigint() - settled) / 1e9;
    const settlingS = Number(settled - began) / 1e9;
    const { counts } = simulation.result();
    const peak = Math.round(process.memoryUsage().rss / 1_048_576);
    console.log(
      `| ${load} | ${dayS.toFixed(1)} | ${settlingS.toFixed(1)} | ${peak} | ${syncs} | ${counts.events} | ${counts.writes} | ${resized} |`,
    );
    console.log(`\n${load}, where the time goes:\n${profile.text()}`);
  }
}

function replicasOf(object: unknown): number | undefined {
  return (object as { readonly spec: { readonly replicas?: number } }).spec.replicas;
}

function day(load: string): Scenario {
  const base = parseScenario(
    `apiVersion: seatrial.io/v1alpha1
kind: Scenario
metadata: { name: autoscalers }
spec:
  question: What do a thousand HPAs cost in a day?
  duration: 24h
  warmUp: 30m
  cluster:
    nodePools: [{ name: general, instanceType: m6i.8xlarge, zones: [us-east-1a], min: 60 }]
    kubeControllerManager: { kube-api-qps: 200, kube-api-burst: 300 }
    scheduler: { kube-api-qps: 500, kube-api-burst: 1000 }
`,
    ".",
  );
  const names = Array.from({ length: autoscalers }, (_, index) => `app-${index}`);
  const flows = names.map((name, index) => ({
    name,
    to: objectKey("default", name),
    timeoutUs: 2_000_000,
    retries: 0,
    backoffUs: 0,
    curve: loads[load]!(base.warmUpUs, index),
  }));
  const behavior = { calls: [], perRequest: { cpuUs: 5_000, waitUs: 2_000 }, concurrency: 64 };
  const behaviors = names.map((name) => ({ namespace: "default", workload: `deployment/${name}`, behavior }));
  return { ...base, objects: names.flatMap(objectsOf), flows, behaviors };
}

function objectsOf(name: string): NewObject[] {
  const labels = { app: name };
  const metadata = { name, namespace: "default" };
  const container = {
    name: "c",
    image: "registry.example.com/app:1",
    resources: { requests: { cpu: "250m", memory: "128Mi" } },
  };
  const template = { metadata: { labels }, spec: { containers: [container] } };
  const target = { type: "Utilization", averageUtilization: 60 };
  return [
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata,
      spec: { replicas: 2, selector: { matchLabels: labels }, template },
    },
    { apiVersion: "v1", kind: "Service", metadata, spec: { selector: labels, ports: [{ port: 80 }] } },
    {
      apiVersion: "autoscaling/v2",
      kind: "HorizontalPodAutoscaler",
      metadata,
      spec: {
        scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name },
        minReplicas: 2,
        maxReplicas: 6,
        metrics: [{ type: "Resource", resource: { name: "cpu", target } }],
      },
    },
  ];
}
