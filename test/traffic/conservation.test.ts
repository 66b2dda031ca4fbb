import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { handler, phase } from "../../src/sim/index.ts";
import type { Curve } from "../../src/traffic/index.ts";
import { outside, type RunningPod } from "../../src/world/index.ts";
import { Stage, second } from "./stage.ts";

const action = fc.record({
  atUs: fc.integer({ min: 0, max: 30 * second }),
  kind: fc.constantFrom("start", "stop", "kill", "crash", "power", "cut", "heal", "route", "freeze", "thaw"),
  which: fc.nat({ max: 20 }),
});

const plan = fc.record({
  rates: fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 6 }),
  retries: fc.integer({ min: 0, max: 2 }),
  backoffUs: fc.constantFrom(0, 250_000),
  timeoutUs: fc.integer({ min: 50_000, max: 3 * second }),
  connections: fc.integer({ min: 1, max: 50 }),
  actions: fc.array(action, { maxLength: 12 }),
});

describe("conservation", () => {
  it("accounts for every request: arrived = served + failed + waiting, whatever happens", () => {
    fc.assert(
      fc.property(plan, ({ rates, retries, backoffUs, timeoutUs, connections, actions }) => {
        const stage = busyStage();
        const { world, loop } = stage;
        const curve: Curve = {
          kind: "samples",
          atUs: rates.map((_, index) => index * 5 * second),
          perSecond: rates,
          between: "linear",
        };
        stage.start({
          flows: [
            { curve, retries, backoffUs, timeoutUs },
            { to: "default/back" as never, curve: { kind: "constant", perSecond: 33.3 } },
          ],
          externals: [{ name: "db", latency: { medianUs: 5000, p95Us: 20_000 }, connections }],
          calls: { timeoutUs: 400_000, retries: 1 },
        });
        const act = handler("act", ({ kind, which }: { kind: string; which: number }) => {
          const pods = [...world.pods()];
          const pod = pods[which % Math.max(1, pods.length)];
          const machine = world.machines[which % world.machines.length]!;
          if (kind === "start" && machine.alive) stage.pod(machine);
          if (kind === "stop" && pod) world.setAccepting(pod, which % 2 === 0);
          if (kind === "kill" && pod) world.removePod(pod);
          if (kind === "crash") world.setPower(machine, false);
          if (kind === "power") world.setPower(machine, true);
          if (kind === "cut") world.links.cut([machine.index], [outside, (machine.index + 1) % 3]);
          if (kind === "heal") world.links.heal(which % 3);
          if (kind === "freeze") world.setFrozen(machine, true);
          if (kind === "thaw") world.setFrozen(machine, false);
          if (kind === "route")
            stage.route("web", pods.filter((_, index) => (index + which) % 3 !== 0) as RunningPod[]);
        });
        for (const one of actions) loop.schedule(one.atUs, phase.world, act, one);
        stage.settled(35 * second);
        for (const [service, account] of stage.accounts) {
          const { arrived, served, refused, timedOut, calls, waiting, users } = account;
          expect(served + refused + timedOut + calls + waiting, service).toBe(arrived);
          expect(users.served + users.failed + users.waiting, service).toBe(users.arrived);
          expect(
            Math.min(served, refused, timedOut, calls, waiting, users.failed, users.waiting),
          ).toBeGreaterThanOrEqual(0);
          expect(stage.latency.get(service)!.total).toBe(served);
        }
        for (const { served, failed, waiting } of stage.stretches) {
          expect(Math.min(served, failed.refused, failed.timedOut, failed.calls, waiting)).toBeGreaterThanOrEqual(0);
        }
        const asked =
          rates.reduce((sum, rate, index) => sum + (index === 0 ? 0 : (rates[index - 1]! + rate) / 2), 0) * 5;
        const tail = rates.at(-1)! * (35 - (rates.length - 1) * 5);
        const web = stage.account("web");
        expect(Math.abs(web.users.arrived - asked - tail)).toBeLessThanOrEqual(1);
        // Only users ask "web": who does not try again has failed with the attempt. Each count is a whole number of its own.
        const failed = web.refused + web.timedOut + web.calls;
        if (retries === 0) expect(Math.abs(web.users.failed - failed)).toBeLessThanOrEqual(3);
        else expect(web.users.failed).toBeLessThanOrEqual(failed + 3);
      }),
      { numRuns: 100 },
    );
  });

  it("hands out stretches that follow each other without a gap", () => {
    const stage = busyStage().start({
      flows: [{ curve: { kind: "sine", mean: 200, amplitude: 150, periodUs: 20 * second, peakAtUs: 0 } }],
      externals: [{ name: "db", latency: { medianUs: 5000 }, connections: 50 }],
    });
    stage.settled(30 * second);
    for (const service of stage.traffic.services()) {
      const own = stage.stretches.filter((stretch) => stretch.service === service);
      expect(own[0]!.fromUs).toBe(0);
      expect(own.at(-1)!.toUs).toBe(30 * second);
      own.slice(1).forEach(({ fromUs }, index) => {
        expect(fromUs).toBe(own[index]!.toUs);
      });
    }
  });

  it("gives the same run twice", () => {
    const once = (): string => {
      const stage = busyStage().start({
        flows: [{ curve: { kind: "ramp", fromUs: 0, toUs: 20 * second, from: 10, to: 900 }, retries: 2 }],
        externals: [{ name: "db", latency: { medianUs: 5000, p95Us: 9000 }, connections: 9 }],
      });
      stage.settled(30 * second);
      return JSON.stringify([stage.stretches, stage.loop.digest.text()]);
    };
    expect(once()).toBe(once());
  });
});

/** Three machines, two services, one external. */
function busyStage(): Stage {
  const stage = new Stage();
  const machines = [stage.machine(4000), stage.machine(4000), stage.machine(2000)];
  const web = {
    calls: [
      { to: { service: "default/back" }, perRequest: 1.5 },
      { to: { external: "db" }, perRequest: 0.5 },
    ],
  };
  stage.route(
    "web",
    machines.map((machine) => stage.pod(machine, web)),
  );
  stage.route(
    "back",
    machines.map((machine) => stage.pod(machine, { concurrency: 4 }, { cpuLimitMillicores: 0 })),
  );
  return stage;
}
