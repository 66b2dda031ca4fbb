import type { NewObject } from "../src/apiserver/index.ts";
import { objectKey } from "../src/model/index.ts";
import { parseScenario, type Scenario } from "../src/scenario/index.ts";
import { Simulation } from "../src/simulate.ts";
import { EventProfile } from "./event-profile.ts";

const podsPerNode = 30;
const podsPerDeployment = 50;
const hour = 3_600_000_000;

/**
 * The whole control plane over a day: settled start, every Deployment rolled once, 20 machine crashes, HPAs on curves.
 * `npm run bench -- cluster [nodes …]`
 */
export function benchCluster(asked: readonly number[]): void {
  const sizes = asked.length > 0 ? asked : [500, 1000, 2500, 5000];
  const profiles: string[] = [];
  console.log("| nodes | pods | wall s | of it settling | peak MB | events | writes | ns/event |");
  console.log("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
  for (const nodes of sizes) {
    globalThis.gc?.();
    const scenario = day(nodes);
    const began = process.hrtime.bigint();
    const simulation = new Simulation(scenario, "1");
    const profile = new EventProfile();
    simulation.loop.onFire = (label) => profile.note(label);
    simulation.runUntil(scenario.warmUpUs);
    const settled = process.hrtime.bigint();
    let peak = process.memoryUsage().rss;
    for (let us = scenario.warmUpUs; us <= simulation.endUs; us += hour / 2) {
      simulation.runUntil(us);
      peak = Math.max(peak, process.memoryUsage().rss);
    }
    const seconds = Number(process.hrtime.bigint() - began) / 1e9;
    const settling = Number(settled - began) / 1e9;
    const { counts, violations } = simulation.result();
    const pods = [...simulation.api.store.list("Pod")].filter(({ status }) => status.phase === "Running").length;
    const perEvent = (seconds * 1e9) / counts.events;
    console.log(
      `| ${nodes} | ${pods} | ${seconds.toFixed(1)} | ${settling.toFixed(1)} | ${Math.round(peak / 1048576)} | ${counts.events} | ${counts.writes} | ${Math.round(perEvent)} |`,
    );
    if (violations.length > 0) console.log(violations[0]);
    profiles.push(`\n${nodes} nodes, where the time goes:\n${profile.text()}`);
  }
  for (const text of profiles) console.log(text);
}

/** A day of a cluster of equal machines and equal Deployments. */
export function day(nodes: number): Scenario {
  const deployments = (nodes * podsPerNode) / podsPerDeployment;
  const base = equalMachines(`day-${nodes}`, nodes, "24h");
  const names = Array.from({ length: deployments }, (_, index) => `app-${index}`);
  const objects: NewObject[] = names.flatMap((name, index) => objectsOf(name, index < 300));
  const actions = names.map((name, index) => ({
    do: "rollout-restart" as const,
    atUs: base.warmUpUs + hour + Math.floor((index * 20 * hour) / deployments),
    text: `restart ${name}`,
    kind: "Deployment",
    key: objectKey("default", name),
  }));
  const faults = Array.from({ length: 20 }, (_, index) => ({
    atUs: base.warmUpUs + (1 + index) * hour,
    forUs: hour / 6,
    text: "machine-crash",
    kind: "machine-crash" as const,
    where: {},
  }));
  const flows = names.slice(0, 300).map((name, index) => ({
    name,
    to: objectKey("default", name),
    timeoutUs: 2_000_000,
    retries: 1,
    curve: {
      kind: "samples" as const,
      between: "linear" as const,
      atUs: [0, 8, 12, 18, 24].map((at) => base.warmUpUs + at * hour),
      perSecond: [400, 400, 1200, 1000, 400].map((rate) => rate + index),
    },
  }));
  const behaviors = names.slice(0, 300).map((name) => ({
    namespace: "default",
    workload: `deployment/${name}`,
    behavior: { calls: [], perRequest: { cpuUs: 10_000, waitUs: 2_000 }, concurrency: 64 },
  }));
  return { ...base, objects, actions, faults, flows, behaviors };
}

/** A cluster of equal machines that has an hour to settle, with the client limits of a large one. */
export function equalMachines(name: string, nodes: number, duration: string): Scenario {
  return parseScenario(
    `apiVersion: seatrial.io/v1alpha1
kind: Scenario
metadata: { name: ${name} }
spec:
  question: What does it cost?
  duration: ${duration}
  warmUp: 60m
  cluster:
    nodePools: [{ name: general, instanceType: m6i.8xlarge, zones: [us-east-1a, us-east-1b, us-east-1c], min: ${nodes}, max: ${nodes} }]
    kubeControllerManager: { kube-api-qps: 200, kube-api-burst: 300 }
    scheduler: { kube-api-qps: 500, kube-api-burst: 1000 }
`,
    ".",
  );
}

/** Half a core and half a gibibyte for each pod, and a readiness probe. */
export function deploymentOf(name: string, replicas: number): NewObject {
  const labels = { app: name };
  const container = {
    name: "c",
    image: `registry.example.com/${name}:1`,
    resources: { requests: { cpu: "500m", memory: "512Mi" }, limits: { memory: "1Gi" } },
    readinessProbe: { httpGet: { path: "/", port: 80 }, periodSeconds: 5 },
  };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace: "default" },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [container] } },
    },
  };
}

/** A Deployment, with a Service and an autoscaler where it is `scaled`. */
function objectsOf(name: string, scaled: boolean): NewObject[] {
  const deployment = deploymentOf(name, podsPerDeployment);
  if (!scaled) return [deployment];
  const metadata = { name, namespace: "default" };
  const spec = { selector: { app: name }, ports: [{ port: 80 }] };
  const service = { apiVersion: "v1", kind: "Service", metadata, spec };
  const target = { type: "Utilization", averageUtilization: 50 };
  const autoscaler = {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata,
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name },
      minReplicas: 40,
      maxReplicas: 60,
      metrics: [{ type: "Resource", resource: { name: "cpu", target } }],
    },
  };
  return [deployment, service, autoscaler];
}
