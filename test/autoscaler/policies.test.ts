import { describe, expect, it } from "vitest";
import { forecast } from "../../src/autoscaler/policies/forecast.ts";
import { scheduledScaling } from "../../src/autoscaler/policies/scheduled-scaling.ts";
import {
  definePolicy,
  type Extension,
  type RunResult,
  type Scenario,
  ScenarioError,
  simulate,
} from "../../src/index.ts";
import { CronWindow, objectKey, utc } from "../../src/model/index.ts";
import { complaintText } from "../../src/scenario/index.ts";
import { smallScenario } from "../small-scenario.ts";

const web = `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 2
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
const hpa = `${web}---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { name: web }
spec:
  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: web }
  minReplicas: 2
  maxReplicas: 12
  metrics: [{ type: Resource, resource: { name: cpu, target: { type: Utilization, averageUtilization: 60 } } }]
`;

/** What policies did, as `minute:second text`. */
function ordered({ decisions }: RunResult): string[] {
  return decisions
    .filter(({ by }) => by.includes("scaling") || by === "by-hand")
    .map(({ atSeconds, text }) => `${atSeconds} ${text}`);
}

/** Wanted replicas of the Deployment at a second of the run. */
function wantedAt({ series }: RunResult, second: number): number {
  return series.workloads[0]!.wanted[Math.floor(second / series.stepSeconds)]!;
}

describe("a window between two cron schedules", () => {
  const monday = Date.parse("2026-03-02T00:00:00Z") / 1000;
  const window = new CronWindow("15 9 * * 1-5", "15 10 * * 1-5", utc);
  it.each([
    { at: "09:14:59", inside: false, edge: "09:15:00" },
    { at: "09:15:00", inside: true, edge: "10:15:00" },
    { at: "10:14:59", inside: true, edge: "10:15:00" },
    { at: "10:15:00", inside: false, edge: "33:15:00" },
  ])("at $at it is inside: $inside", ({ at, inside, edge }) => {
    const seconds = (clock: string): number => {
      const [hours, minutes, rest] = clock.split(":").map(Number) as [number, number, number];
      return monday + hours * 3600 + minutes * 60 + rest;
    };
    expect(window.contains(seconds(at))).toBe(inside);
    expect(window.nextEdge(seconds(at))).toBe(seconds(edge));
  });

  it("never opens when its start never comes", () => {
    expect(new CronWindow("0 0 30 2 *", "0 0 31 2 *", utc).contains(monday)).toBe(false);
    expect(new CronWindow("0 0 30 2 *", "0 0 31 2 *", utc).nextEdge(monday)).toBeUndefined();
  });
});

describe("scheduled scaling", () => {
  const at = {
    start: "2026-03-02T09:00:00-05:00",
    duration: "30m",
    warmUp: "2m",
    behavior: [{ for: "deployment/web", idleCpu: "10m" }],
  };
  const holds = [{ target: "hpa/web", from: "10 9 * * 1-5", to: "20 9 * * 1-5", hold: 8 }];

  it("raises the HPA's least size for a window of New York's time, and gives the manifest's back", () => {
    const result = simulate(
      smallScenario({ ...at, policies: [{ scheduled: { timeZone: "America/New_York", holds } }] }, hpa),
      "1",
    );
    expect(ordered(result)).toEqual(["600 hpa default/web: minReplicas 8", "1200 hpa default/web: minReplicas 2"]);
    expect(wantedAt(result, 590)).toBe(2);
    expect(wantedAt(result, 630)).toBe(8); // The HPA's next sync after 09:10, at most 15 s later.
    expect(wantedAt(result, 1199)).toBe(8);
    expect(result.violations).toEqual([]);
  });

  it("tells a Deployment from a StatefulSet of its name", () => {
    const { decide, memory } = scheduledScaling(
      "calendar",
      (["Deployment", "StatefulSet"] as const).map((workload, index) => ({
        target: { kind: "workload", workload, key: objectKey("default", "web") },
        from: "0 0 * * *",
        to: "0 12 * * *",
        hold: 3 + index,
        otherwise: 1,
      })),
      () => utc,
    );
    const seen = { nowUs: 0, epochSeconds: 3600, refused: [] } as unknown as Parameters<typeof decide>[0];
    const sizes = decide(seen, memory(), undefined).orders.map((order) => order.do === "scale" && order.replicas);
    expect(sizes).toEqual([3, 4]);
  });

  it("comes late where its process was down, and catches up", () => {
    const policies = [{ scheduled: { name: "calendar", timeZone: "America/New_York", holds } }];
    const faults = [{ at: "9m", kind: "component-crash", component: "calendar", for: "3m" }];
    const result = simulate(smallScenario({ ...at, policies, faults }, hpa), "1");
    expect(wantedAt(result, 710)).toBe(2);
    expect(wantedAt(result, 750)).toBe(8);
  });

  it("takes the largest of the windows that are open", () => {
    const more = [...holds, { target: "hpa/web", from: "15 9 * * *", to: "25 9 * * *", hold: 5 }];
    const scenario = smallScenario(
      { ...at, policies: [{ scheduled: { timeZone: "America/New_York", holds: more } }] },
      hpa,
    );
    expect(ordered(simulate(scenario, "1")).map((text) => text.replace("hpa default/web: minReplicas", "→"))).toEqual([
      "600 → 8",
      "1200 → 5",
      "1500 → 2",
    ]);
  });

  it("holds a Deployment's replicas and a node pool's least size as well", () => {
    const pool = { name: "general", instanceType: "m6i.large", zones: ["us-east-1a"], min: 1, max: 3 };
    const both = [
      { target: "deployment/web", from: "10 14 * * *", to: "20 14 * * *", hold: 4 },
      { target: "pool/general", from: "5 14 * * *", to: "20 14 * * *", hold: 3 },
    ];
    const result = simulate(
      smallScenario({ ...at, cluster: { nodePools: [pool] }, policies: [{ scheduled: { holds: both } }] }, web),
      "1",
    );
    expect(ordered(result)).toEqual([
      "300 node pool general: min 3",
      "600 deployment default/web: 4 replicas",
      "1200 deployment default/web: 2 replicas",
      "1200 node pool general: min 1",
    ]);
    // A lower bound sells nothing: without an autoscaler the machines stay.
    expect(result.machines).toEqual({ least: 1, most: 3 });
  });

  it("tries again what was refused", () => {
    const faults = [{ kind: "api-server-outage", at: "9m50s", for: "60s" }];
    const scenario = smallScenario(
      { ...at, faults, policies: [{ scheduled: { timeZone: "America/New_York", holds } }] },
      hpa,
    );
    const [first, second, ...rest] = ordered(simulate(scenario, "1"));
    expect(first).toMatch(/^600 hpa default\/web: minReplicas 8 was refused/);
    expect([second, ...rest].at(-2)).toMatch(/^6\d\d(\.\d)? hpa default\/web: minReplicas 8$/);
  });
});

describe("a forecast", () => {
  const minutes = (...values: number[]) => values.map((value, minute) => ({ atUs: minute * 60_000_000, value }));
  it.each([
    { what: "draws a rising line on", readings: minutes(10, 20, 30), lookAhead: 2, expected: 50 },
    { what: "draws a falling line on", readings: minutes(30, 20, 10), lookAhead: 2, expected: -10 },
    { what: "keeps to a flat line", readings: minutes(7, 7, 7), lookAhead: 5, expected: 7 },
    { what: "says nothing of one reading", readings: minutes(7), lookAhead: 5, expected: 0 },
  ])("by trend $what", ({ readings, lookAhead, expected }) => {
    const options = {
      forecast: { by: "trend", windowUs: 600_000_000 },
      lookAheadUs: lookAhead * 60_000_000,
      everyUs: 60_000_000,
    } as const;
    expect(forecast(options, readings, readings.at(-1)!.atUs)).toBeCloseTo(expected, 9);
  });

  it("by period is the most that was, one period ago, until the look-ahead", () => {
    const options = {
      forecast: { by: "period", periodUs: 300_000_000 },
      lookAheadUs: 120_000_000,
      everyUs: 60_000_000,
    } as const;
    // At minute 6 the readings of minutes 1 to 3 tell of minutes 6 to 8.
    expect(forecast(options, minutes(99, 1, 5, 3, 80), 360_000_000)).toBe(5);
  });

  it("by period asks the past's curve while its own readings are too short", () => {
    const past = (atUs: number): number => (atUs >= 420_000_000 ? 40 : 4);
    const options = {
      forecast: { by: "period", periodUs: 900_000_000, past },
      lookAheadUs: 120_000_000,
      everyUs: 60_000_000,
    } as const;
    expect(forecast(options, minutes(1, 1), 240_000_000)).toBe(4);
    expect(forecast(options, minutes(1, 1), 300_000_000)).toBe(40);
  });
});

describe("predictive scaling", () => {
  it("has the replicas ready before the load that the trend foretells", () => {
    const scenario = smallScenario(
      {
        duration: "30m",
        behavior: [{ for: "deployment/web", perRequest: { cpu: "5ms" }, startup: "20s" }],
        traffic: [{ to: "service/web", rate: { ramp: { from: 0, to: 200, start: "5m", end: "25m" } } }],
        policies: [
          {
            predictive: {
              target: "deployment/web",
              service: "service/web",
              perReplica: 20,
              lookAhead: "5m",
              by: { trend: "4m" },
              least: 2,
              most: 10,
            },
          },
        ],
      },
      web,
    );
    const result = simulate(scenario, "1");
    // The load at 20 min is 150 a second; five minutes before, the trend says so: 8 replicas of 20.
    expect(wantedAt(result, 15.5 * 60)).toBeGreaterThanOrEqual(7);
    expect(wantedAt(result, 15.5 * 60)).toBeLessThanOrEqual(8);
    expect(wantedAt(result, 29 * 60)).toBe(10);
  });
});

describe("a policy of one's own", () => {
  interface Options {
    readonly replicas: number;
  }
  const extension: Extension = {
    policies: [
      definePolicy<{ done: boolean }>({
        name: "by-hand",
        everyUs: 60_000_000,
        onTheClock: true,
        asksProvider: true,
        memory: () => ({ done: false }),
        decide({ view, pools, nowUs }, memory, options) {
          const key = objectKey("default", "web");
          const deployment = view.get("Deployment", key);
          if (memory.done || deployment === undefined || nowUs < 300_000_000) return { orders: [] };
          memory.done = true;
          const [pool] = pools;
          return {
            orders: [
              {
                do: "scale",
                kind: "Deployment",
                key,
                replicas: (options as Options).replicas + deployment.spec.replicas!,
              },
              { do: "pool", pool: pool!.name, size: pool!.target + 1, max: 4 },
              { do: "bounds", autoscaler: objectKey("default", "nobody"), minReplicas: 3 },
            ],
            lookAgainUs: "never",
          };
        },
      }),
    ],
  };
  const scenario = (name = "by-hand"): Scenario =>
    smallScenario({ policies: [{ custom: { name, options: { replicas: 3 } } }] }, web);

  it("sees caches and the provider, and has its orders carried out or hears of the refusal", () => {
    const result = simulate(scenario(), "1", { extensions: [extension] });
    expect(ordered(result).slice(0, 3)).toEqual([
      "180 deployment default/web: 5 replicas",
      "180.1 node pool general: max 4, size 4",
      '180.1 hpa default/nobody: minReplicas 3 was refused: horizontalpodautoscalers.autoscaling "nobody" not found',
    ]);
    expect(result.machines.most).toBe(4);
    expect(wantedAt(result, 200)).toBe(5);
    const again = simulate(scenario(), "1", { extensions: [extension] });
    expect(again.digest).toBe(result.digest);
  });

  it("is complained about with its place when no extension defines it", () => {
    expect(() => simulate(scenario("by-magic"), "1", { extensions: [extension] })).toThrow(
      /scenario\.yaml:\d+:\d+: spec\.policies\[0\]\.custom\.name: expected one of by-hand, got "by-magic" \[UNKNOWN_POLICY\]/,
    );
  });
});

describe("policies are refused with place, code, expected and found", () => {
  const complaints = (policies: unknown): string[] => {
    try {
      smallScenario({ policies }, hpa);
    } catch (error) {
      if (error instanceof ScenarioError)
        return error.complaints.map((own) => complaintText(own).replace(/^.*?: /, ""));
      throw error;
    }
    return [];
  };
  const hold = { target: "hpa/web", from: "0 9 * * *", to: "0 10 * * *", hold: 3 };
  it.each([
    [
      "no such zone",
      [{ scheduled: { timeZone: "Mars/Olympus", holds: [hold] } }],
      'spec.policies[0].scheduled.timeZone: expected a time zone such as "America/New_York", got "Mars/Olympus" [UNKNOWN_TIME_ZONE]',
    ],
    [
      "no cron",
      [{ scheduled: { holds: [{ ...hold, to: "at ten" }] } }],
      'spec.policies[0].scheduled.holds[0].to: expected five cron fields (expected exactly 5 fields, found 2: [at ten]), got "at ten" [BAD_CRON]',
    ],
    [
      "more than the HPA may",
      [{ scheduled: { holds: [{ ...hold, hold: 13 }] } }],
      "spec.policies[0].scheduled.holds[0].hold: expected at most 12, which is all it may have, got 13 [TOO_BIG]",
    ],
    [
      "an HPA nobody wrote",
      [{ scheduled: { holds: [{ ...hold, target: "hpa/wbe" }] } }],
      'spec.policies[0].scheduled.holds[0].target: expected a hpa that the manifests contain, got "hpa/wbe" [UNKNOWN_REFERENCE]',
    ],
    [
      "a target that has no size",
      [{ scheduled: { holds: [{ ...hold, target: "service/web" }] } }],
      'spec.policies[0].scheduled.holds[0].target: expected what a policy can size, such as "hpa/web", "deployment/web" or "pool/general", got "service/web" [BAD_REFERENCE]',
    ],
    [
      "one name twice",
      [{ scheduled: { holds: [hold] } }, { scheduled: { holds: [hold] } }],
      'spec.policies[1].scheduled.name: expected a name that no policy before it has, got "scheduled-scaling" [DUPLICATE]',
    ],
  ])("%s", (_what, policies, complaint) => {
    expect(complaints(policies)).toEqual([complaint]);
  });
});
