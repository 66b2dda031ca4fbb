import { describe, expect, it } from "vitest";
import { type Shop, simulateRequests } from "./request-simulation.ts";
import { type Account, Stage, second } from "./stage.ts";

const plain: Shop = {
  perSecond: 60,
  seconds: 600,
  pods: 1,
  cpuUs: 10_000,
  waitUs: 0,
  cores: 1,
  slots: 64,
  timeoutUs: 2 * second,
  retries: 0,
  seed: "1",
};

interface Fluid {
  readonly account: Account;
  readonly meanUs: number;
  readonly p95Us: number;
  readonly utilization: number;
}

function fluid(shop: Shop): Fluid {
  const stage = new Stage();
  const machine = stage.machine(64_000);
  const behavior = { perRequest: { cpuUs: shop.cpuUs, waitUs: shop.waitUs }, concurrency: shop.slots };
  const pods = Array.from({ length: shop.pods }, () =>
    stage.pod(machine, behavior, { cpuLimitMillicores: shop.cores * 1000 }),
  );
  stage.route("web", pods);
  const { perSecond, timeoutUs, retries } = shop;
  stage.start({ flows: [{ curve: { kind: "constant", perSecond }, timeoutUs, retries }] });
  stage.settled(shop.seconds * second);
  const latency = stage.latency.get("web")!;
  const used = pods.reduce((sum, { main }) => sum + main.usedCpu(stage.loop.nowUs), 0);
  return {
    account: stage.account("web"),
    meanUs: latency.meanUs(),
    p95Us: latency.quantileUs(0.95),
    utilization: used / (shop.pods * shop.cores * 1000 * shop.seconds * second),
  };
}

/** The declared bands: sampling noise of the simulation included. */
function expectClose(model: number, measured: number, share: number): void {
  expect(model).toBeGreaterThan(measured * (1 - share));
  expect(model).toBeLessThan(measured * (1 + share));
}

describe("the closed form against a request-by-request simulation", () => {
  it.each<Partial<Shop>>([
    {},
    { perSecond: 80, seconds: 2000 },
    { perSecond: 90, cores: 2, waitUs: 5000 },
    { perSecond: 170, cores: 2, waitUs: 5000, seconds: 1000 },
    { perSecond: 340, cores: 4, seconds: 800 },
    { perSecond: 30, cores: 0.5, seconds: 1500 },
    { perSecond: 300, pods: 5, waitUs: 20_000 },
    { perSecond: 85, slots: 4, waitUs: 10_000, cores: 2 },
    { perSecond: 150, slots: 4, waitUs: 10_000, cores: 4 },
    { perSecond: 60, slots: 2, waitUs: 8000, seconds: 1000 },
    { perSecond: 900, cpuUs: 0, waitUs: 10_000, slots: 10 },
    { perSecond: 90, timeoutUs: 100_000 },
  ])("agrees on utilization, mean and p95 where nothing piles up: %j", (change) => {
    const shop = { ...plain, ...change };
    const measured = simulateRequests(shop);
    const model = fluid(shop);
    if (shop.cpuUs > 0) expectClose(model.utilization, measured.utilization, 0.03);
    expectClose(model.meanUs, measured.meanUs, 0.12);
    expectClose(model.p95Us, measured.p95Us, 0.15);
    expectClose(model.account.served, measured.served, 0.02);
    expectClose(model.account.timedOut + 50, measured.timedOut + 50, 0.15);
  });

  it.each<Partial<Shop>>([
    { perSecond: 150 },
    { perSecond: 120, slots: 8 },
    { perSecond: 300, pods: 2 },
    { perSecond: 150, retries: 2 },
    { perSecond: 250, cores: 2, waitUs: 3000, timeoutUs: second },
    { perSecond: 130, waitUs: 50_000, timeoutUs: 500_000 },
    { perSecond: 150, cpuUs: 0, waitUs: 200_000, slots: 16, timeoutUs: second },
  ])("agrees on answers, time-outs and latency where time-outs bound a line: %j", (change) => {
    const shop = { ...plain, seconds: 300, ...change };
    const measured = simulateRequests(shop);
    const model = fluid(shop);
    expectClose(model.account.arrived, measured.arrived, 0.05);
    expectClose(model.account.timedOut, measured.timedOut, 0.2);
    expectClose(model.account.served, measured.served, 0.25);
    expectClose(model.meanUs, measured.meanUs, 0.1);
    expectClose(model.p95Us, measured.p95Us, 0.05);
  });
});
