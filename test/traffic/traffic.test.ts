import { describe, expect, it } from "vitest";
import type { ObjectKey } from "../../src/model/index.ts";
import { handler, phase } from "../../src/sim/index.ts";
import { outside, type RunningPod, sharedDomain } from "../../src/world/index.ts";
import { Stage, second } from "./stage.ts";

const web = "default/web";
const api = "default/api" as ObjectKey;

function at(stage: Stage, atUs: number, change: () => void): void {
  stage.loop.schedule(
    atUs,
    phase.world,
    handler("change", () => change()),
    undefined,
  );
}

/** Four pods on four machines behind `web`; a request needs 2 ms of CPU. */
function fourPods(): { stage: Stage; pods: RunningPod[] } {
  const stage = new Stage();
  const pods = [0, 1, 2, 3].map(() => stage.pod(stage.machine(), { perRequest: { cpuUs: 2000, waitUs: 0 } }));
  stage.route("web", pods);
  return { stage, pods };
}

/** A hundred requests a second, where it has a core. */
const slow = { perRequest: { cpuUs: 10_000, waitUs: 0 }, concurrency: 64 };

describe("a steady flow", () => {
  it("is served in closed form, with one event", () => {
    const stage = new Stage();
    const machine = stage.machine();
    const pods = [stage.pod(machine), stage.pod(machine)];
    stage.route("web", pods);
    stage.start({ flows: [{}] }).settled(100 * second);
    const account = stage.account("web");
    expect(account.arrived).toBe(10_000);
    expect(account.served + account.waiting).toBe(10_000);
    const now = stage.traffic.observe(web)!;
    expect(now.utilization).toBeCloseTo(0.5, 6);
    expect(now.inFlight).toBeCloseTo(2, 6); // Two M/M/1 at a half.
    expect(now.p95Us / 60_000).toBeCloseTo(1, 1); // Three times 20 ms.
    expect(stage.traffic.observePod(pods[0]!)!.perSecond).toBeCloseTo(50, 9);
    expect(pods.map(({ main }) => main.cpuMillicores)).toEqual([500, 500]);
    expect(stage.loop.firedEvents).toBe(1);
  });

  it("costs a few hundred events a day when it follows a daily wave", () => {
    const { stage } = fourPods();
    stage.start({
      flows: [{ curve: { kind: "sine", mean: 200, amplitude: 150, periodUs: 86_400 * second, peakAtUs: 0 } }],
    });
    stage.settled(86_400 * second);
    expect(stage.loop.firedEvents).toBeLessThan(300);
    expect(stage.account("web").users.arrived).toBe(200 * 86_400);
  });
});

describe("endpoints that do not answer", () => {
  it.each([
    { retries: 0, lost: 0.25 },
    { retries: 1, lost: 0.0625 },
    { retries: 2, lost: 0.015625 },
  ])(
    "refuse at once where the pod is gone: of a quarter of attempts, $retries retries leave $lost",
    ({ retries, lost }) => {
      const { stage, pods } = fourPods();
      stage.world.setAccepting(pods[0]!, false);
      stage.start({ flows: [{ retries }] }).settled(1000 * second);
      const { users, arrived, refused } = stage.account("web");
      expect(users.arrived).toBe(100_000);
      expect(Math.abs(users.failed - 100_000 * lost)).toBeLessThanOrEqual(1);
      expect(Math.abs(refused - arrived / 4)).toBeLessThanOrEqual(1);
    },
  );

  it.each([
    { turn: "nobody is routed to any more", act: (stage: Stage) => stage.route("web", []) },
    {
      turn: "another pod comes",
      act: (stage: Stage) => stage.route("web", [...stage.world.pods(), stage.pod(stage.machine(), slow)]),
    },
  ])("fail users who try once as often as their attempts, also where a line stands while $turn", ({ act }) => {
    const stage = new Stage();
    stage.route("web", [stage.pod(stage.machine(), slow)]);
    stage.start({ flows: [{ curve: { kind: "constant", perSecond: 150 }, timeoutUs: 2 * second }] });
    at(stage, 5 * second, () => act(stage));
    stage.settled(12 * second);
    const { users, refused, timedOut, calls } = stage.account("web");
    expect(timedOut).toBeGreaterThan(20);
    expect(Math.abs(users.failed - refused - timedOut - calls)).toBeLessThanOrEqual(3);
  });

  it("are none at all: everything is refused at once", () => {
    const { stage } = fourPods();
    stage.route("web", []);
    stage.start({ flows: [{}] }).settled(10 * second);
    expect(stage.account("web")).toMatchObject({ arrived: 1000, refused: 1000, waiting: 0 });
    expect(stage.traffic.observe(web)!.failedShare).toBe(1);
  });

  it.each(["crash", "freeze", "cut"])("keep silent after a %s, until callers lose patience", (kind) => {
    const { stage, pods } = fourPods();
    const { machine } = pods[0]!;
    stage.start({ flows: [{ timeoutUs: 3 * second }] });
    at(stage, 100 * second, () => {
      if (kind === "crash") stage.world.setPower(machine, false);
      if (kind === "freeze") stage.world.setFrozen(machine, true);
      if (kind === "cut") stage.world.links.cut([outside], [machine.index]);
    });
    stage.settled(102.9 * second);
    expect(stage.account("web").timedOut).toBe(0);
    const waiting = stage.account("web").waiting;
    expect(Math.abs(waiting - 0.25 * 100 * 2.9)).toBeLessThan(2);
    stage.settled(200 * second);
    expect(Math.abs(stage.account("web").timedOut - 0.25 * 100 * 97)).toBeLessThan(2);
    expect(stage.loop.firedEvents).toBeLessThan(20);
  });

  it("are asked no more once the table forgets them", () => {
    const { stage, pods } = fourPods();
    stage.start({ flows: [{}] });
    at(stage, 100 * second, () => stage.world.setPower(pods[0]!.machine, false));
    at(stage, 140 * second, () => stage.route("web", pods.slice(1)));
    stage.settled(300 * second);
    const { arrived, served, timedOut, waiting } = stage.account("web");
    expect(Math.abs(timedOut - 0.25 * 100 * 40)).toBeLessThan(2);
    expect(served + timedOut + waiting).toBe(arrived);
  });

  it("are refused, not silent, when the machine is back without the pod", () => {
    const { stage, pods } = fourPods();
    stage.start({ flows: [{}] });
    at(stage, 100 * second, () => stage.world.setPower(pods[0]!.machine, false));
    at(stage, 150 * second, () => stage.world.setPower(pods[0]!.machine, true));
    stage.settled(200 * second);
    expect(Math.abs(stage.account("web").refused - 0.25 * 100 * 50)).toBeLessThan(2);
    expect(Math.abs(stage.account("web").timedOut - 0.25 * 100 * 50)).toBeLessThan(2);
  });

  it("let users try again a time-out later", () => {
    const { stage, pods } = fourPods();
    stage.start({ flows: [{ retries: 1, timeoutUs: second }] });
    at(stage, 0, () => stage.world.setPower(pods[0]!.machine, false));
    stage.settled(1000 * second);
    const { users } = stage.account("web");
    expect(Math.abs(users.failed - 100 * 998 * 0.0625)).toBeLessThan(4);
    expect(Math.abs(users.waiting - (25 + 6.25 + 0.2))).toBeLessThan(3);
  });

  it("finish what they have when they stop, and cut it off when they are killed", () => {
    const { stage, pods } = fourPods();
    stage.start({ flows: [{ curve: { kind: "constant", perSecond: 900 } }] });
    at(stage, 10 * second, () => {
      stage.world.setAccepting(pods[0]!, false);
      stage.route("web", pods.slice(1));
    });
    stage.settled(20 * second);
    expect(stage.account("web")).toMatchObject({ refused: 0, timedOut: 0 });
    const inFlight = stage.traffic.observePod(pods[1]!)!.inFlight;
    at(stage, 21 * second, () => {
      stage.world.removePod(pods[1]!);
      stage.route("web", pods.slice(2));
    });
    stage.settled(21 * second);
    stage.settled(22 * second);
    expect(Math.abs(stage.account("web").refused - inFlight)).toBeLessThanOrEqual(1);
  });

  it("are what a machine believes that hears of no changes", () => {
    const stage = new Stage();
    const [near, far] = [stage.machine(), stage.machine()];
    const quick = { perRequest: { cpuUs: 1000, waitUs: 0 } };
    const front = { ...quick, calls: [{ to: { service: api }, perRequest: 1 }] };
    stage.route("web", [stage.pod(near, front), stage.pod(far, front)]);
    const old = stage.pod(near, quick);
    stage.route("api", [old]);
    stage.world.routes.detach(far.index);
    stage.route("api", [stage.pod(near, quick)]);
    stage.world.removePod(old);
    stage.start({ flows: [{}] }).settled(100 * second);
    // Half of the calls go by the old table.
    expect(Math.abs(stage.account("api").refused - 5000)).toBeLessThanOrEqual(1);
    expect(Math.abs(stage.account("web").calls - 5000)).toBeLessThan(60);
    expect(stage.world.routes.domainOf(near.index)).toBe(sharedDomain);
  });
});

describe("CPU", () => {
  it("throttles: half a core serves half as much, and a line grows up to the time-out", () => {
    const stage = new Stage();
    const pod = stage.pod(stage.machine(), {}, { cpuLimitMillicores: 500 });
    stage.route("web", [pod]);
    stage.start({ flows: [{}] }).settled(100 * second);
    const { served, timedOut, waiting } = stage.account("web");
    expect(served / 5000).toBeCloseTo(1, 1);
    expect(timedOut / 4800).toBeCloseTo(1, 1);
    expect(waiting).toBeLessThan(250);
    expect(pod.main.cpuMillicores).toBe(500);
    expect(pod.slowShare).toBe(1);
  });

  it("is shared by weight among pods of a machine that is short of it", () => {
    const stage = new Stage();
    const machine = stage.machine(1000);
    const heavy = stage.pod(machine, {}, { cpuLimitMillicores: 0, cpuShares: 768 });
    const light = stage.pod(machine, {}, { cpuLimitMillicores: 0, cpuShares: 256 });
    stage.route("web", [heavy]);
    stage.route("api", [light]);
    stage.start({ flows: [{}, { to: api }] }).settled(100 * second);
    expect([heavy.main.cpuMillicores, light.main.cpuMillicores]).toEqual([750, 250]);
    expect(stage.account("web").served / 7500).toBeCloseTo(1, 1);
    expect(stage.account("api").served / 2500).toBeCloseTo(1, 1);
  });

  it("frees a neighbor when a busy pod leaves the machine", () => {
    const stage = new Stage();
    const machine = stage.machine(1000);
    const pods = [stage.pod(machine, {}, { cpuLimitMillicores: 0 }), stage.pod(machine, {}, { cpuLimitMillicores: 0 })];
    stage.route("web", [pods[0]!]);
    stage.route("api", [pods[1]!]);
    stage.start({
      flows: [{ curve: { kind: "constant", perSecond: 80 } }, { to: api, curve: { kind: "constant", perSecond: 80 } }],
    });
    at(stage, 50 * second, () => {
      stage.world.removePod(pods[1]!);
      stage.route("api", []);
    });
    stage.run(49 * second);
    expect(stage.traffic.observe(web)!.queued).toBeGreaterThan(10);
    stage.run(100 * second);
    expect(stage.traffic.observe(web)).toMatchObject({ queued: 0, failedShare: 0 });
    expect(pods[0]!.main.cpuMillicores).toBe(800);
    expect(stage.loop.firedEvents).toBeLessThan(700); // Steps end with the line.
  });

  it("is used for starting until the pod accepts, and without requests as the caller says", () => {
    const stage = new Stage();
    const pod = stage.pod(stage.machine(), { startupCpuMillicores: 700, idleCpuMillicores: 30, perRequest: undefined });
    stage.world.setAccepting(pod, false);
    stage.start({ flows: [] }).run(second);
    expect(pod.main.cpuMillicores).toBe(700);
    at(stage, 2 * second, () => stage.world.setAccepting(pod, true));
    at(stage, 4 * second, () => stage.world.setAccepting(pod, false));
    stage.run(3 * second);
    expect(pod.main.cpuMillicores).toBe(30);
    stage.run(5 * second);
    expect(pod.main.cpuMillicores).toBe(30); // It stops, and does not start again.
  });
});

describe("memory", () => {
  it("is the base and what requests in progress hold", () => {
    const stage = new Stage();
    const pod = stage.pod(stage.machine());
    stage.route("web", [pod]);
    stage.start({ flows: [{ curve: { kind: "constant", perSecond: 50 } }] }).run(second);
    expect(pod.main.memoryBytes).toBe(1_001_000); // One in progress.
  });

  it("that leaks passes the limit at the computed instant, seen every 15 s until then", () => {
    const stage = new Stage();
    const memory = { baseBytes: 1_000_000, perRequestInFlightBytes: 0, leakBytesPerSecond: 1000 };
    const pod = stage.pod(stage.machine(), { memory }, { memoryLimitBytes: 1_100_000 });
    const killed: number[] = [];
    stage.world.onChange(({ what }) => {
      if (what !== "memory-over-limit") return;
      killed.push(stage.loop.nowUs);
      stage.world.stopContainer(pod, pod.main);
    });
    stage.start({ flows: [] }).run(1000 * second);
    expect(killed).toEqual([100_001_000]); // 100,001 bytes at 1,000 a second.
    expect(stage.loop.firedEvents).toBeLessThan(80);
  });
});

describe("calls", () => {
  const quick = { perRequest: { cpuUs: 1000, waitUs: 0 } };

  function twoServices(perRequest: number): Stage {
    const stage = new Stage();
    const machine = stage.machine();
    stage.route("web", [stage.pod(machine, { ...quick, calls: [{ to: { service: api }, perRequest }] })]);
    stage.route("api", [stage.pod(machine, quick), stage.pod(machine, quick)]);
    return stage;
  }

  it.each([0.5, 1, 2.5])(
    "arrive %f times as often as the requests that make them, and take their time",
    (perRequest) => {
      const stage = twoServices(perRequest).start({ flows: [{}] });
      stage.settled(100 * second);
      expect(stage.account("api").arrived).toBe(10_000 * perRequest);
      expect(stage.account("api").users.arrived).toBe(0);
      const wanted = 1e6 / 900 + perRequest * (1e6 / (1000 - 50 * perRequest));
      expect(stage.latency.get("web")!.meanUs() / wanted).toBeCloseTo(1, 1);
    },
  );

  it.each([
    { perRequest: 1, failed: 1 },
    { perRequest: 0.5, failed: 0.5 },
  ])("that fail fail their callers: $perRequest calls to nobody fail $failed of requests", ({ perRequest, failed }) => {
    const stage = twoServices(perRequest);
    stage.route("api", []);
    stage.start({ flows: [{}] }).settled(100 * second);
    expect(Math.abs(stage.account("web").calls - 10_000 * failed)).toBeLessThanOrEqual(1);
  });

  it("to silence hold their callers' slots, and fail them a time-out later", () => {
    const stage = new Stage();
    const machine = stage.machine();
    const callers = { ...quick, concurrency: 20, calls: [{ to: { service: api }, perRequest: 1 }] };
    stage.route("web", [stage.pod(machine, callers)]);
    const gone = stage.pod(stage.machine(), quick);
    stage.route("api", [gone]);
    stage.start({ flows: [{ timeoutUs: 5 * second }], calls: { timeoutUs: second, retries: 0 } });
    at(stage, 10 * second, () => stage.world.setPower(gone.machine, false));
    stage.settled(11 * second);
    expect(stage.account("web").calls).toBe(0);
    stage.settled(100 * second);
    // 20 slots are held for a second each: the line before them grows until users lose patience first.
    const { calls, timedOut, waiting } = stage.account("web");
    expect(calls).toBeGreaterThan(50);
    expect(timedOut).toBeGreaterThan(5000);
    expect((calls + timedOut + waiting) / 9000).toBeCloseTo(1, 1);
    expect(stage.traffic.observe(web)!.failedShare).toBeCloseTo(1, 3);
  });

  it("are tried again, and then cost their callers time and not their answers", () => {
    const stage = twoServices(1);
    const dead = stage.pod(stage.machine(), quick);
    stage.route(
      "api",
      [...stage.world.pods()].filter(({ behavior }) => behavior.calls.length === 0),
    );
    const calls = { timeoutUs: second / 2, retries: 3 };
    stage.start({ flows: [{ curve: { kind: "constant", perSecond: 30 }, timeoutUs: 9 * second }], calls });
    at(stage, 0, () => stage.world.setPower(dead.machine, false));
    stage.settled(100 * second);
    // One attempt in three meets silence: 1/81 of calls fail all four, the others wait half a second for each.
    expect(stage.account("web").calls / 36).toBeCloseTo(1, 0);
    expect(stage.traffic.observe(web)!.p50Us).toBeLessThan(500_000);
    expect(stage.latency.get("web")!.meanUs()).toBeGreaterThan(150_000);
  });

  it("share an external's connections, and time out where those are too few", () => {
    const stage = new Stage();
    stage.route("web", [
      stage.pod(stage.machine(), { ...quick, concurrency: 500, calls: [{ to: { external: "db" }, perRequest: 2 }] }),
    ]);
    stage.start({
      flows: [{}],
      externals: [{ name: "db", latency: { medianUs: 20_000 }, connections: 2 }],
      calls: { timeoutUs: second, retries: 0 },
    });
    stage.settled(100 * second);
    const db = stage.account("db");
    expect(db.served / 10_000).toBeCloseTo(1, 1); // 100 of 200 a second.
    expect(db.timedOut).toBeGreaterThan(8000);
    expect(stage.account("web").calls).toBeGreaterThan(5000);
    expect(stage.traffic.services()).toEqual([web, "db"]);
  });

  it("in a circle carry nothing, and do not hang", () => {
    const stage = new Stage();
    const machine = stage.machine();
    stage.route("web", [stage.pod(machine, { ...quick, calls: [{ to: { service: api }, perRequest: 1 }] })]);
    stage.route("api", [stage.pod(machine, { ...quick, calls: [{ to: { service: web }, perRequest: 1 }] })]);
    stage.start({ flows: [{}] }).settled(10 * second);
    expect(stage.account("web").arrived).toBe(1000);
    expect(stage.account("api").arrived).toBe(1000);
  });
});

describe("overload", () => {
  it("builds a line, and drains it when the flood is over", () => {
    const stage = new Stage();
    stage.route("web", [stage.pod(stage.machine())]);
    const curve = {
      kind: "samples",
      atUs: [0, 10, 14].map((s) => s * second),
      perSecond: [50, 150, 50],
      between: "hold",
    } as const;
    stage.start({ flows: [{ curve, timeoutUs: 10 * second }] });
    stage.run(14 * second);
    expect(stage.traffic.observe(web)!.queued / 200).toBeCloseTo(1, 0);
    stage.settled(17.9 * second);
    expect(stage.traffic.observe(web)!.queued).toBeGreaterThan(0);
    stage.settled(30 * second);
    expect(stage.account("web")).toMatchObject({ timedOut: 0, refused: 0 });
    expect(stage.traffic.observe(web)).toMatchObject({ queued: 0 });
    expect(stage.loop.firedEvents).toBeLessThan(110);
    expect(stage.latency.get("web")!.quantileUs(0.99)).toBeGreaterThan(second);
  });

  it("grows by retries", () => {
    const stage = new Stage();
    stage.route("web", [stage.pod(stage.machine())]);
    stage.start({ flows: [{ curve: { kind: "constant", perSecond: 150 }, retries: 2 }] }).settled(300 * second);
    const { arrived, users } = stage.account("web");
    expect(users.arrived).toBe(45_000);
    expect(arrived).toBeGreaterThan(2 * 45_000);
    expect(users.served / 30_000).toBeCloseTo(1, 1);
  });

  it("waits before it tries again, if told so", () => {
    const { stage } = fourPods();
    stage.route("web", []);
    stage.start({ flows: [{ retries: 1, backoffUs: 5 * second }] }).settled(12 * second);
    const { arrived, users } = stage.account("web");
    expect(users).toEqual({ arrived: 1200, served: 0, failed: 700, waiting: 500 });
    expect(arrived).toBe(1900);
  });
});
