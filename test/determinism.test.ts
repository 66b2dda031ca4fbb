import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { parseScenario, readScenario } from "../src/scenario/index.ts";
import { Simulation, simulate } from "../src/simulate.ts";
import { built } from "./build.ts";
import { smallScenario } from "./small-scenario.ts";

const root = resolve(import.meta.dirname, "..");
const scenario = readScenario(join(root, "scenarios/market-open"));

describe("a run is a pure function of scenario and seed", () => {
  it("gives equal results twice in one process, though another run goes on beside it", () => {
    const alone = simulate(scenario, "1");
    const beside = new Simulation(scenario, "2");
    beside.step(1000);
    const again = simulate(scenario, "1");
    beside.step(1000);
    expect(JSON.stringify(again)).toBe(JSON.stringify(alone));
  });

  it("does not care how it is sliced", () => {
    const sliced = new Simulation(scenario, "1");
    while (sliced.step(137) === "more");
    expect(sliced.result().digest).toBe(simulate(scenario, "1").digest);
  });

  it("meets other luck under another seed", () => {
    expect(simulate(scenario, "1").digest).not.toBe(simulate(scenario, "2").digest);
  });

  it("does not care for time zone, language or environment", { timeout: 120_000 }, () => {
    const script = `
      import { readScenario } from "./src/scenario/index.js";
      import { simulate } from "./src/simulate.js";
      process.stdout.write(simulate(readScenario(${JSON.stringify(join(root, "scenarios/market-open"))}), "1").digest);`;
    const digest = (environment: Record<string, string>): string =>
      execFileSync(process.execPath, ["--input-type=module", "-e", script], {
        cwd: built,
        env: { ...process.env, ...environment },
        encoding: "utf8",
      });
    const wanted = simulate(scenario, "1").digest;
    expect(digest({ TZ: "Asia/Kathmandu", LANG: "tr_TR.UTF-8", LC_ALL: "tr_TR.UTF-8" })).toBe(wanted);
    expect(digest({ TZ: "America/St_Johns", LANG: "C" })).toBe(wanted);
  });
});

it("is as pure with spot machines, a warm pool, ScaledObjects and policies", () => {
  const manifests = `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: web, image: web, resources: { requests: { cpu: 500m } } }] }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { selector: { app: web }, ports: [{ port: 80 }] }
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: { name: web }
spec:
  scaleTargetRef: { name: web }
  minReplicaCount: 1
  maxReplicaCount: 8
  triggers:
    - { type: prometheus, metadata: { query: 'requests_per_second{service="web"}', threshold: "20" } }
    - { type: cron, metadata: { timezone: Europe/Zurich, start: "10 * * * *", end: "20 * * * *", desiredReplicas: "5" } }
`;
  const pool = { name: "general", instanceType: "m6i.large", zones: ["us-east-1a", "us-east-1b"], min: 2, max: 6 };
  const lively = smallScenario(
    {
      duration: "40m",
      cluster: {
        nodePools: [{ ...pool, spot: { interruptionsPerHour: 3 }, warmPool: { size: 1, usdPerHour: 0.002 } }],
        cloud: { controlPlaneUsdPerHour: 0.1, crossZoneUsdPerGiB: 0.02, calls: { perSecond: 1, burst: 3 } },
        clusterAutoscaler: {},
      },
      behavior: [{ for: "deployment/web", perRequest: { cpu: "10ms" } }],
      traffic: [{ to: "service/web", rate: { sine: { mean: 60, amplitude: 50, period: "15m", peak: "5m" } } }],
      policies: [
        {
          predictive: {
            target: "pool/general",
            service: "service/web",
            perReplica: 30,
            lookAhead: "3m",
            by: { trend: "5m" },
            most: 6,
          },
        },
      ],
    },
    manifests,
  );
  const whole = simulate(lively, "1");
  expect(whole.violations).toEqual([]);
  const sliced = new Simulation(lively, "1");
  while (sliced.step(61) === "more");
  expect(JSON.stringify(sliced.result())).toBe(JSON.stringify(whole));
  expect(simulate(lively, "2").digest).not.toBe(whole.digest);
});

it("draws what belongs to a thing from a stream named after it: a bystander changes nobody's luck", () => {
  const text = readFileSync(join(root, "scenarios/market-open/scenario.yaml"), "utf8");
  const bystander = text.replace(
    "  faults:\n",
    '  faults:\n    - { at: "10:29", kind: pod-kill, where: { workload: deployment/risk } }\n',
  );
  const changed = parseScenario(bystander, join(root, "scenarios/market-open"));
  const before = simulate(scenario, "1").incidents.map(({ stages }) => stages);
  const after = simulate(changed, "1")
    .incidents.filter(({ title }) => !title.startsWith("pod-kill"))
    .map(({ stages }) => stages);
  expect(after).toEqual(before);
});
