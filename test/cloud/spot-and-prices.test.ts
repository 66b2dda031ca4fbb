import { describe, expect, it } from "vitest";
import { CallBudget } from "../../src/cloud/call-budget.ts";
import { type RunResult, Simulation, simulate } from "../../src/index.ts";
import { HourlyMeter } from "../../src/world/index.ts";
import { smallScenario } from "../small-scenario.ts";

const pool = { name: "general", instanceType: "m6i.large", zones: ["us-east-1a", "us-east-1b"], min: 2, max: 6 };
const second = 1_000_000;

/** What happened, from whom, as `second by: text`. */
function told({ decisions }: RunResult, by: string): string[] {
  return decisions.filter((mark) => mark.by === by).map(({ atSeconds, text }) => `${atSeconds} ${text}`);
}

describe("an hourly meter", () => {
  const meter = new HourlyMeter("things", 3_600_000);
  meter.set(2, 0);
  meter.set(5, 10 * second);
  meter.set(0, 20 * second);
  it.each([
    [0, 10, 20_000],
    [5, 15, 35_000],
    [0, 100, 70_000],
    [30, 40, 0],
  ])("from %i s to %i s costs %i micro-USD", (from, to, cost) => {
    expect(meter.costMicroUsd(from * second, to * second)).toBe(cost);
  });
});

it("a budget of calls refuses what comes too fast, and recovers with time", () => {
  const budget = new CallBudget({ perSecond: 1, burst: 2 });
  expect([0, 0, 0, 500_000, 1_000_000, 1_000_000].map((atUs) => budget.take(atUs))).toEqual([
    true,
    true,
    false,
    false,
    true,
    false,
  ]);
});

describe("a spot machine", () => {
  const spot = { ...pool, spot: { interruptionsPerHour: 0 } };
  const faults = [{ kind: "spot-interruption", at: "3m", where: { name: "general-1" } }];

  it("is drained on its notice, gone two minutes later, and replaced by its group", () => {
    const result = simulate(smallScenario({ cluster: { nodePools: [spot] }, faults }), "1");
    const [first, second_] = told(result, "aws-node-termination-handler");
    expect(first).toMatch(/^18[0-2](\.\d)? cordons and drains general-1$/);
    expect(second_).toMatch(/ has drained general-1$/);
    // The replacement is launched when the old machine goes, two minutes after the notice.
    const { bought } = result.series.machines; // Steps of two seconds.
    expect(bought[149]).toBe(2);
    expect(bought.slice(150, 155)).toContain(1);
    expect(bought.at(-1)).toBe(2);
    expect(result.workloads[0]!.leastReady).toBeGreaterThanOrEqual(2);
    expect(result.violations).toEqual([]);
  });

  it("takes its pods with it where nobody watches for the notice", () => {
    const cluster = { nodePools: [spot], cloud: { terminationHandler: false } };
    const simulation = new Simulation(smallScenario({ cluster, faults }), "1");
    simulation.runUntil((120 + 299) * second);
    const onIt = (): number =>
      [...simulation.world.pods()].filter(({ machine }) => machine.spec.name === "general-1").length;
    expect(onIt()).toBe(2);
    simulation.runUntil((120 + 300) * second);
    expect(onIt()).toBe(0);
  });

  it("is interrupted by its own luck, the same in every run of a seed", () => {
    const often = { ...pool, spot: { interruptionsPerHour: 6 } };
    const scenario = smallScenario({ duration: "1h", cluster: { nodePools: [often] } });
    const notices = (seed: string): string[] => told(simulate(scenario, seed), "world");
    expect(notices("1").length).toBeGreaterThan(4);
    expect(notices("1")).toEqual(notices("1"));
    expect(notices("1")).not.toEqual(notices("2"));
  });
});

describe("prices that a scenario declares", () => {
  const hour = { duration: "1h", warmUp: "2m" };
  const cost = (cloud: object, nodePool: object = pool) =>
    simulate(smallScenario({ ...hour, cluster: { nodePools: [nodePool], cloud } }), "1").cost;

  it.each([
    ["EC2's on-demand price", {}, pool, 2 * 96_000],
    ["a price list of one's own", { prices: { "m6i.large": 0.08 } }, pool, 2 * 80_000],
    ["the usual share of it for spot", {}, { ...pool, spot: {} }, 2 * Math.round(96_000 * 0.37)],
    ["a spot price of one's own", { spotPrices: { "m6i.large": 0.03 } }, { ...pool, spot: {} }, 2 * 30_000],
  ])("%s", (_what, cloud, nodePool, microUsd) => {
    expect(cost(cloud, nodePool).microUsd).toBe(microUsd);
  });

  it("count the control plane, load balancers and machines that stand by", () => {
    const service = `apiVersion: v1
kind: Service
metadata: { name: web }
spec: { type: LoadBalancer, selector: { app: web }, ports: [{ port: 80 }] }
`;
    const cloud = { controlPlaneUsdPerHour: 0.1, loadBalancerUsdPerHour: 0.0225 };
    const warm = { ...pool, warmPool: { size: 3, usdPerHour: 0.002 } };
    const actions = [{ at: "30m", delete: "service/web" }];
    const result = simulate(smallScenario({ ...hour, actions, cluster: { nodePools: [warm], cloud } }, service), "1");
    expect(result.cost.items).toEqual([
      { item: "control plane", microUsd: 100_000 },
      // Half an hour, and the three seconds and some milliseconds until the provider has taken it away.
      { item: "load balancers", microUsd: 11_269 },
      { item: "warm pool of general", microUsd: 6_000 },
    ]);
    expect(result.cost.microUsd).toBe(192_000 + 100_000 + 11_269 + 6_000);
    expect(result.series.costMicroUsd.at(-1)).toBe(result.cost.microUsd);
  });

  it("count bytes between zones by where callers and endpoints are", () => {
    const manifests = ["front", "back"]
      .map(
        (name) => `apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name} }
spec:
  replicas: 2
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name} } }
    spec:
      topologySpreadConstraints:
        - { maxSkew: 1, topologyKey: topology.kubernetes.io/zone, whenUnsatisfiable: DoNotSchedule, labelSelector: { matchLabels: { app: ${name} } } }
      containers: [{ name: c, image: i, resources: { requests: { cpu: 500m } } }]
---
apiVersion: v1
kind: Service
metadata: { name: ${name} }
spec: { selector: { app: ${name} }, ports: [{ port: 80 }] }
`,
      )
      .join("---\n");
    const behavior = [
      {
        for: "deployment/front",
        perRequest: { cpu: "1ms" },
        calls: [{ service: "back", perRequest: 2, bytes: "16Ki" }],
      },
      { for: "deployment/back", perRequest: { cpu: "1ms" } },
    ];
    const traffic = [{ to: "service/front", rate: 50 }];
    const cluster = { nodePools: [pool], cloud: { crossZoneUsdPerGiB: 0.02 } };
    const { cost: spent, services } = simulate(smallScenario({ ...hour, behavior, traffic, cluster }, manifests), "1");
    const served = services.find(({ service }) => service === "default/front")!.served;
    // Two zones, one pod of each in each: half of the calls cross.
    const bytes = served * 2 * 16_384 * 0.5;
    expect(served).toBeGreaterThan(179_000);
    expect(spent.items).toEqual([{ item: "traffic between zones", microUsd: Math.ceil((bytes / 2 ** 30) * 20_000) }]);
  });
});

describe("a warm pool", () => {
  const ready = (nodePool: object): number => {
    const simulation = new Simulation(
      smallScenario({
        cluster: { nodePools: [nodePool] },
        policies: [{ scheduled: { holds: [{ target: "pool/general", from: "2 0 * * *", to: "9 0 * * *", hold: 4 }] } }],
        start: "2026-01-05T00:00:00Z",
      }),
      "1",
    );
    simulation.runUntil((120 + 600) * second);
    return simulation.world.machines.filter(({ releasedAtUs }) => releasedAtUs === undefined).length;
  };

  it("gives its machines first and is filled up again", () => {
    expect(ready({ ...pool, warmPool: { size: 1, start: "1s" } })).toBe(4);
    const scenario = smallScenario({
      cluster: { nodePools: [{ ...pool, warmPool: { size: 1, start: "1s", usdPerHour: 3.6 } }] },
      policies: [{ scheduled: { holds: [{ target: "pool/general", from: "2 0 * * *", to: "9 0 * * *", hold: 3 }] } }],
    });
    const simulation = new Simulation(scenario, "1");
    const [meter] = simulation.world.meters;
    simulation.runUntil((120 + 300) * second);
    // One stood by all the time but for the seconds in which its successor was set up.
    const gapSeconds = 420 - meter!.costMicroUsd(0, 420 * second) / 1000;
    expect(gapSeconds).toBeGreaterThan(11);
    expect(gapSeconds).toBeLessThan(40);
  });
});

describe("a provider that throttles", () => {
  const pending = `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 5
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: c, image: i, resources: { requests: { cpu: 1500m } } }] }
`;
  const cluster = { nodePools: [pool], clusterAutoscaler: {} };
  it("keeps the autoscaler from buying until it answers again", () => {
    const run = (faults: object[]): RunResult =>
      simulate(smallScenario({ warmUp: "0s", initial: "settled", cluster, faults }, pending), "1");
    const bought = ({ series }: RunResult): number =>
      series.stepSeconds * series.machines.bought.findIndex((count) => count > 2);
    const throttled = run([{ kind: "cloud-throttling", at: "0s", for: "3m" }]);
    expect(bought(run([]))).toBeLessThan(60);
    expect(bought(throttled)).toBeGreaterThanOrEqual(180);
    expect(bought(throttled)).toBeLessThan(240);
  });
});

describe("out of capacity", () => {
  const pools = [
    { name: "a", instanceType: "m6i.large", zones: ["us-east-1a"], min: 1, max: 3 },
    { name: "b", instanceType: "m6i.large", zones: ["us-east-1b"], min: 1, max: 3 },
    { name: "c", instanceType: "c6i.large", zones: ["us-east-1b"], min: 1, max: 3 },
  ];
  it.each([
    [{ instanceType: "m6i.large" }, ["a/us-east-1a", "b/us-east-1b"], "m6i.large in us-east-1a, us-east-1b"],
    [{ instanceType: "m6i.large", zone: "us-east-1b" }, ["b/us-east-1b"], "m6i.large in us-east-1b"],
    [{ pool: "c" }, ["c/us-east-1b"], "c in us-east-1b"],
  ])("of %j", (where, sales, what) => {
    const { faults } = smallScenario({
      cluster: { nodePools: pools },
      faults: [{ kind: "out-of-capacity", at: "1m", ...where }],
    });
    expect(faults[0]).toMatchObject({ sales, what });
  });
});
