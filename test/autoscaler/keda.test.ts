import { describe, expect, it } from "vitest";
import { decideScale, type Situation } from "../../src/autoscaler/keda/decide-scale.ts";
import { metricName, parseSeries } from "../../src/autoscaler/keda/triggers.ts";
import { type RunResult, ScenarioError, Simulation, simulate } from "../../src/index.ts";
import { type HorizontalPodAutoscaler, objectKey } from "../../src/model/index.ts";
import { complaintText } from "../../src/scenario/index.ts";
import { smallScenario } from "../small-scenario.ts";

const web = (replicas: number): string => `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: ${replicas}
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: web, image: web, resources: { requests: { cpu: 100m } } }] }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { selector: { app: web }, ports: [{ port: 80 }] }
`;
const scaledObject = (spec: string): string => `---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: { name: open }
spec:
  scaleTargetRef: { name: web }
${spec}`;
const open = `  triggers:
    - type: cron
      metadata: { timezone: America/New_York, start: "15 9 * * 1-5", end: "15 10 * * 1-5", desiredReplicas: "12" }
`;

const second = 1_000_000;

describe("the scale loop decides as KEDA's scale executor", () => {
  const at: Situation = {
    spec: { scaleTargetRef: { name: "web" }, triggers: [] },
    replicas: 0,
    active: false,
    failed: false,
    nowUs: 1000 * second,
    createdUs: 0,
    lastActiveUs: undefined,
  };
  const spec = (more: object): Situation["spec"] => ({ ...at.spec, ...more });
  it.each<[string, Partial<Situation>, unknown]>([
    ["active at zero is woken with one", { active: true }, { do: "activate", replicas: 1 }],
    ["or with its least count", { active: true, spec: spec({ minReplicaCount: 3 }) }, { do: "activate", replicas: 3 }],
    ["active above zero is noted", { active: true, replicas: 2 }, { do: "note" }],
    ["active with a failing scaler is left alone", { active: true, replicas: 2, failed: true }, { do: "nothing" }],
    ["inactive with a failing scaler is left alone", { replicas: 2, failed: true }, { do: "nothing" }],
    ["inactive within the cooldown cools down", { replicas: 2, lastActiveUs: 700 * second }, { do: "cool down" }],
    ["inactive after it goes to zero", { replicas: 2, lastActiveUs: 699 * second }, { do: "deactivate", replicas: 0 }],
    [
      "never active: the initial cooldown counts",
      { replicas: 2, spec: spec({ initialCooldownPeriod: 1000 }) },
      { do: "cool down" },
    ],
    ["never active, none: at once", { replicas: 2 }, { do: "deactivate", replicas: 0 }],
    ["a least count keeps it off zero", { replicas: 3, spec: spec({ minReplicaCount: 3 }) }, { do: "nothing" }],
    [
      "below the least count it is raised",
      { replicas: 1, spec: spec({ minReplicaCount: 3 }) },
      { do: "raise", replicas: 3 },
    ],
    [
      "idle is below the least",
      { replicas: 3, spec: spec({ minReplicaCount: 3, idleReplicaCount: 1 }) },
      { do: "deactivate", replicas: 1 },
    ],
    [
      "idle and active is woken to the least",
      { active: true, replicas: 1, spec: spec({ minReplicaCount: 3, idleReplicaCount: 1 }) },
      { do: "activate", replicas: 3 },
    ],
    ["idle stays idle", { replicas: 1, spec: spec({ minReplicaCount: 3, idleReplicaCount: 1 }) }, { do: "nothing" }],
  ])("%s", (_what, changed, step) => {
    expect(decideScale({ ...at, ...changed })).toEqual(step);
  });
});

it.each([
  ["requests_per_second", { metric: "requests_per_second", labels: {} }],
  ['sum( queue_depth{service="web"} )', { metric: "queue_depth", labels: { service: "web" } }],
  ['queue_depth{service="web", namespace="a",}', { metric: "queue_depth", labels: { service: "web", namespace: "a" } }],
  ["sum(rate(http_requests_total[2m]))", undefined],
  ['queue_depth{service=~"web.*"}', undefined],
])("%s is read as a series", (query, series) => {
  expect(parseSeries(query)).toEqual(series);
});

it("names a cron trigger's metric as KEDA does", () => {
  const metadata = { timezone: "America/New_York", start: "15 9 * * 1-5", end: "*/5 10 ? * *", desiredReplicas: "1" };
  expect(metricName({ type: "cron", metadata }, 0)).toBe("s0-cron-America-New_York-159xx1-5-xSl510Qmxx");
});

function wantedAt({ series }: RunResult, atSecond: number): number {
  return series.workloads[0]!.wanted[Math.floor(atSecond / series.stepSeconds)]!;
}

describe("from 09:15 to 10:15 New York hold 12", () => {
  const at = { start: "2026-03-02T09:00:00-05:00", duration: "90m", warmUp: "2m" };
  const scenario = smallScenario(at, `${web(0)}${scaledObject(open)}`);
  const result = simulate(scenario, "1");

  it("wakes from zero with one within a poll of the start, and the HPA doubles until 12", () => {
    expect(wantedAt(result, 14 * 60 + 59)).toBe(0);
    const woken = result.decisions
      .filter(({ by }) => by === "keda-operator")
      .map(({ text, atSeconds }) => ({ text, atSeconds }));
    expect(woken[0]!.text).toBe("default/open: Scaled apps/v1.Deployment default/web from 0 to 1");
    expect(woken[0]!.atSeconds).toBeGreaterThanOrEqual(900);
    expect(woken[0]!.atSeconds).toBeLessThanOrEqual(931);
    const sizes = result.decisions
      .filter(({ by }) => by === "horizontal-pod-autoscaler")
      .map(({ text }) => Number(/New size: (\d+)/.exec(text)![1]));
    // max(2n, 4) a sync without behavior. The way back is KEDA's: its cooldown ends before the HPA's window of five minutes.
    expect(sizes).toEqual([4, 8, 12]);
    expect(wantedAt(result, 17 * 60)).toBe(12);
    expect(wantedAt(result, 75 * 60 - 1)).toBe(12);
  });

  it("goes back to zero after the end and the cooldown", () => {
    const [, slept] = result.decisions.filter(({ by }) => by === "keda-operator");
    // Last active at the poll before 10:15, then 300 s, at a poll of 30 s.
    expect(slept!.text).toBe("default/open: Deactivated apps/v1.Deployment default/web from 12 to 0");
    expect(slept!.atSeconds).toBeGreaterThanOrEqual(75 * 60 + 270);
    expect(slept!.atSeconds).toBeLessThanOrEqual(75 * 60 + 331);
    expect(wantedAt(result, 82 * 60)).toBe(0);
    expect(result.violations).toEqual([]);
  });

  it("owns the HPA, which goes with it", () => {
    const simulation = new Simulation(scenario, "1");
    simulation.runUntil(10 * 60 * second);
    const hpa = simulation.api.store.get(
      "HorizontalPodAutoscaler",
      objectKey("default", "keda-hpa-open"),
    ) as HorizontalPodAutoscaler;
    expect(hpa.spec).toMatchObject({
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" },
      minReplicas: 1,
      maxReplicas: 100,
      metrics: [
        {
          type: "External",
          external: {
            metric: {
              name: "s0-cron-America-New_York-159xx1-5-1510xx1-5",
              selector: { matchLabels: { "scaledobject.keda.sh/name": "open" } },
            },
            target: { type: "AverageValue", averageValue: "1" },
          },
        },
      ],
    });
    expect(hpa.metadata.ownerReferences).toMatchObject([{ kind: "ScaledObject", name: "open", controller: true }]);
    const reply = simulation.api.handle({ verb: "delete", kind: "ScaledObject", key: objectKey("default", "open") });
    expect(reply.ok).toBe(true);
    simulation.runUntil(12 * 60 * second);
    expect(simulation.api.store.get("HorizontalPodAutoscaler", objectKey("default", "keda-hpa-open"))).toBeUndefined();
  });
});

it("scales by a metric of Prometheus, from zero and back", () => {
  const trigger = `  minReplicaCount: 0
  maxReplicaCount: 6
  cooldownPeriod: 60
  pollingInterval: 15
  triggers:
    - type: prometheus
      metadata: { serverAddress: "http://prometheus:9090", query: 'sum(requests_per_second{service="web"})', threshold: "20", activationThreshold: "1" }
`;
  const result = simulate(
    smallScenario(
      {
        duration: "40m",
        behavior: [{ for: "deployment/web", perRequest: { cpu: "5ms" }, startup: "5s" }],
        traffic: [
          {
            to: "service/web",
            timeout: "1s",
            rate: {
              steps: [
                { at: "0s", rate: 0 },
                { at: "5m", rate: 80 },
                { at: "20m", rate: 0 },
              ],
            },
          },
        ],
      },
      `${web(0)}${scaledObject(trigger)}`,
    ),
    "1",
  );
  expect(wantedAt(result, 290)).toBe(0);
  expect(wantedAt(result, 9 * 60)).toBe(4); // 80 a second, 20 for each.
  expect(wantedAt(result, 19 * 60)).toBe(4);
  expect(wantedAt(result, 39 * 60)).toBe(0);
  expect(result.assumptions).toContain("KEDA is installed (there are ScaledObjects)");
  expect(result.notSimulated).toEqual([]);
});

describe("a ScaledObject is refused with place, code, expected and found", () => {
  const complaints = (spec: string): string[] => {
    try {
      smallScenario({}, `${web(1)}${scaledObject(spec)}`);
    } catch (error) {
      if (error instanceof ScenarioError) return error.complaints.map(complaintText);
      throw error;
    }
    return [];
  };
  it("when it says nothing", () => {
    expect(() =>
      smallScenario({}, `${web(1)}---\napiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: { name: open }\n`),
    ).toThrow(ScenarioError);
  });

  it("when an HPA scales the workload already", () => {
    const hpa = `---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { name: mine }
spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: web } }
`;
    expect(complaints(open + hpa)).toEqual([
      "web.yaml:16:1: ScaledObject open: expected a workload that no HPA scales (KEDA refuses a second one), got one that hpa mine scales [ALREADY_SCALED]",
    ]);
  });

  it.each([
    [
      open.replace("America/New_York", "New_York"),
      'web.yaml:23:29: spec.triggers[0].metadata.timezone: expected a time zone such as "America/New_York", got "New_York" [UNKNOWN_TIME_ZONE]',
    ],
    [
      open.replace("15 9 * * 1-5", "9:15"),
      'web.yaml:23:54: spec.triggers[0].metadata.start: expected five cron fields (expected exactly 5 fields, found 1: [9:15]), got "9:15" [BAD_CRON]',
    ],
    [
      open.replace('"12"', "12"),
      "web.yaml:23:109: spec.triggers[0].metadata.desiredReplicas: expected a string, got 12 [WRONG_TYPE]",
    ],
    [
      open.replace("type: cron", "type: kafka"),
      'web.yaml:22:13: spec.triggers[0].type: expected one of the known kinds, got "kafka" [BAD_VALUE]',
    ],
    [`  minReplicaCount: 5\n  maxReplicaCount: 4\n${open}`, null],
  ])("%s", (spec, complaint) => {
    const found = complaints(spec);
    if (complaint === null) expect(found[0]).toMatch(/expected a minReplicaCount of at most maxReplicaCount/);
    else expect(found).toEqual([complaint]);
  });
});
