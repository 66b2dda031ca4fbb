import { describe, expect, it } from "vitest";
import { decideScale, type Situation } from "../../src/autoscaler/keda/decide-scale.ts";
import { fallbackAnswer } from "../../src/autoscaler/keda/fallback.ts";
import { pauseOf } from "../../src/autoscaler/keda/pause.ts";
import type { ScaledObject } from "../../src/autoscaler/keda/scaled-object.ts";
import { metricName, parseSeries } from "../../src/autoscaler/keda/triggers.ts";
import { type RunResult, ScenarioError, Simulation, simulate } from "../../src/index.ts";
import { type HorizontalPodAutoscaler, type KubeObject, objectKey } from "../../src/model/index.ts";
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
    pausedIn: false,
    pausedOut: false,
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
    ["active at zero stays there while scaling out is paused", { active: true, pausedOut: true }, { do: "nothing" }],
    ["inactive stays while scaling in is paused", { replicas: 2, pausedIn: true }, { do: "nothing" }],
    [
      "failing with a fallback is the HPA's business",
      { replicas: 2, failed: true, spec: spec({ fallback: { failureThreshold: 3, replicas: 5 } }) },
      { do: "nothing" },
    ],
    [
      "failing with a fallback of none goes to rest",
      { replicas: 2, failed: true, spec: spec({ fallback: { failureThreshold: 3, replicas: 0 } }) },
      { do: "deactivate", replicas: 0 },
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

const openKey = objectKey("default", "open");
const hpaKey = objectKey("default", "keda-hpa-open");

/** A day on which the window is open from minute 15 on, and somebody's annotations. */
function annotated(annotations: object): Simulation {
  const at = { start: "2026-03-02T09:00:00-05:00", duration: "60m", warmUp: "2m" };
  const manifests = `${web(2)}${scaledObject(open)}`.replace(
    "metadata: { name: open }",
    `metadata: { name: open, annotations: ${JSON.stringify(annotations)} }`,
  );
  return new Simulation(smallScenario(at, manifests), "1");
}

function replicas({ api }: Simulation): number {
  const web = api.store.get("Deployment", objectKey("default", "web"))!;
  return web.spec.replicas ?? 1;
}

function annotate({ api }: Simulation, annotations: object): void {
  const change = (stored: KubeObject): KubeObject => ({
    ...stored,
    metadata: { ...stored.metadata, annotations: annotations as never },
  });
  expect(api.handle({ verb: "patch", kind: "ScaledObject", key: openKey, part: "main", change }).ok).toBe(true);
}

function conditions({ api }: Simulation): Record<string, string> {
  const { status } = api.store.get("ScaledObject", openKey) as unknown as ScaledObject;
  return Object.fromEntries(
    (status?.conditions ?? []).map(({ type, status, reason }) => [type, `${status} ${reason}`]),
  );
}

describe("people pause a ScaledObject", () => {
  const minute = 60 * second;

  it("as it is: no HPA, and the calendar is not looked at", () => {
    const simulation = annotated({ "autoscaling.keda.sh/paused": "true" });
    simulation.runUntil(32 * minute);
    expect(replicas(simulation)).toBe(2);
    expect(simulation.api.store.get("HorizontalPodAutoscaler", hpaKey)).toBeUndefined();
    expect(conditions(simulation)).toEqual({ Paused: "True ScaledObjectPaused" });
    annotate(simulation, {});
    simulation.runUntil(40 * minute);
    expect(replicas(simulation)).toBe(12);
    expect(conditions(simulation)).toMatchObject({ Paused: "False ScaledObjectUnpaused", Active: "True ScalerActive" });
  });

  it("at a count, while it scales", () => {
    const simulation = annotated({});
    simulation.runUntil(32 * minute);
    expect(replicas(simulation)).toBe(12);
    annotate(simulation, { "autoscaling.keda.sh/paused-replicas": "3" });
    simulation.runUntil(50 * minute);
    expect(replicas(simulation)).toBe(3);
    expect(simulation.api.store.get("HorizontalPodAutoscaler", hpaKey)).toBeUndefined();
  });

  it("in one direction: woken by the window, and not put to rest after it", () => {
    const simulation = annotated({ "autoscaling.keda.sh/paused-scale-in": "true" });
    simulation.runUntil(32 * minute);
    expect(replicas(simulation)).toBe(12);
    const hpa = simulation.api.store.get("HorizontalPodAutoscaler", hpaKey)!;
    expect(hpa.spec.behavior?.scaleDown?.selectPolicy).toBe("Disabled");
  });

  it.each([
    [{}, { whole: false, scaleIn: false, scaleOut: false }],
    [{ "autoscaling.keda.sh/paused": "false" }, { whole: false, scaleIn: false, scaleOut: false }],
    [{ "autoscaling.keda.sh/paused": "why not" }, { whole: true, scaleIn: false, scaleOut: false }],
    [{ "autoscaling.keda.sh/paused-replicas": "0" }, { whole: true, replicas: 0, scaleIn: false, scaleOut: false }],
    [{ "autoscaling.keda.sh/paused-scale-out": "true" }, { whole: false, scaleIn: false, scaleOut: true }],
  ])("%j", (annotations, pause) => {
    expect(pauseOf({ metadata: { annotations } as never })).toEqual(pause);
  });
});

describe("a trigger whose Prometheus is down", () => {
  const failing = (more: string): Simulation => {
    const trigger = `  minReplicaCount: 1
${more}  triggers:
    - type: prometheus
      metadata: { query: 'requests_per_second{service="web"}', threshold: "20" }
`;
    const spec = {
      duration: "20m",
      behavior: [{ for: "deployment/web", perRequest: { cpu: "5ms" }, startup: "5s" }],
      traffic: [{ to: "service/web", timeout: "1s", rate: 40 }],
      faults: [{ at: "5m", kind: "component-crash", component: "prometheus", for: "10m" }],
    };
    return new Simulation(smallScenario(spec, `${web(2)}${scaledObject(trigger)}`), "1");
  };
  const start = 120 * second;

  it("leaves the count alone", () => {
    const simulation = failing("");
    simulation.runUntil(start + 14 * 60 * second);
    expect(replicas(simulation)).toBe(2);
    expect(conditions(simulation)).toMatchObject({ Ready: "False TriggerError" });
    simulation.runUntil(start + 17 * 60 * second);
    expect(conditions(simulation)).toMatchObject({ Ready: "True ScaledObjectReady" });
  });

  it("falls back to a count after so many failures, and comes back", () => {
    const simulation = failing("  fallback: { failureThreshold: 3, replicas: 5 }\n");
    simulation.runUntil(start + 5 * 60 * second + 44 * second);
    expect(replicas(simulation)).toBe(2);
    simulation.runUntil(start + 8 * 60 * second);
    expect(replicas(simulation)).toBe(5);
    expect(conditions(simulation)).toMatchObject({ Fallback: "True FallbackExists" });
    const { status } = simulation.api.store.get("ScaledObject", openKey) as unknown as ScaledObject;
    expect(status!.health!["s0-prometheus"]).toMatchObject({ status: "Failing" });
    simulation.runUntil(simulation.endUs + 3 * 60 * second);
    expect(conditions(simulation)).toMatchObject({ Fallback: "False NoFallbackFound" });
  });

  it.each([
    ["static", 3, 5],
    ["currentReplicas", 3, 3],
    ["currentReplicasIfHigher", 7, 7],
    ["currentReplicasIfHigher", 3, 5],
    ["currentReplicasIfLower", 3, 3],
    ["currentReplicasIfLower", 7, 5],
  ] as const)("falls back with behavior %s from %i to %i", (behavior, current, wanted) => {
    const answer = fallbackAnswer({ failureThreshold: 3, replicas: 5, behavior }, current, 20.7, 0);
    expect(answer.ok && answer.items[0]!.milli).toBe(wanted * 20 * 1000);
  });
});

describe("a ScaledObject that goes", () => {
  const at = { start: "2026-03-02T09:00:00-05:00", duration: "60m", warmUp: "2m" };

  it.each([
    [
      "gives its target the count back that it had, if told to",
      "  advanced: { restoreToOriginalReplicaCount: true }\n",
      2,
    ],
    ["leaves the count where it is otherwise", "", 12],
  ])("%s", (_what, more, left) => {
    const simulation = new Simulation(smallScenario(at, `${web(2)}${scaledObject(more + open)}`), "1");
    simulation.runUntil(32 * 60 * second);
    expect(replicas(simulation)).toBe(12);
    const [finalizer] = simulation.api.store.get("ScaledObject", openKey)!.metadata.finalizers ?? [];
    expect(finalizer).toBe("finalizer.keda.sh");
    expect(simulation.api.handle({ verb: "delete", kind: "ScaledObject", key: openKey }).ok).toBe(true);
    simulation.runUntil(34 * 60 * second);
    expect(simulation.api.store.get("ScaledObject", openKey)).toBeUndefined();
    expect(simulation.api.store.get("HorizontalPodAutoscaler", hpaKey)).toBeUndefined();
    expect(replicas(simulation)).toBe(left);
  });
});

it("a keda-operator that is down wakes nobody until it is back", () => {
  const spec = {
    start: "2026-03-02T09:00:00-05:00",
    duration: "60m",
    warmUp: "2m",
    faults: [{ at: "10m", kind: "component-crash", component: "keda-operator", for: "20m" }],
  };
  const result = simulate(smallScenario(spec, `${web(0)}${scaledObject(open)}`), "1");
  expect(wantedAt(result, 29 * 60)).toBe(0);
  expect(wantedAt(result, 35 * 60)).toBe(12);
});

it("a component that is not there cannot crash", () => {
  const faults = [{ at: "1m", kind: "component-crash", component: "keda-operator" }];
  expect(() => smallScenario({ faults }, web(1))).toThrow(
    /a process of the control plane: kube-controller-manager, kube-scheduler/,
  );
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
