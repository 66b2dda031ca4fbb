import { describe, expect, it } from "vitest";
import { Station } from "../../src/traffic/index.ts";

/** Erlang's C, the textbook's way. */
function erlangC(servers: number, load: number): number {
  let blocking = 1;
  for (let k = 1; k <= servers; k += 1) blocking = (load * blocking) / (k + load * blocking);
  const utilization = load / servers;
  return blocking / (1 - utilization * (1 - blocking));
}

function evaluated(input: Parameters<Station["evaluate"]>[0]): Station {
  const station = new Station();
  station.evaluate(input);
  return station;
}

describe("Station", () => {
  const table = [1, 2, 4, 8, 64].flatMap((servers) =>
    [0.1, 0.5, 0.8, 0.95].map((utilization) => ({ servers, utilization })),
  );

  it.each(table)("is M/M/$servers at $utilization where requests only wait elsewhere", ({ servers, utilization }) => {
    const perSecond = servers * utilization * 100;
    const station = evaluated({ perSecond, cpuUs: 0, cores: 4, awayUs: 10_000, slots: servers });
    const c = erlangC(servers, servers * utilization);
    expect(station.waitUs).toBeCloseTo((c * 10_000) / (servers * (1 - utilization)), 3);
    expect(station.waitShare).toBeCloseTo(c, 8);
    expect(station.capacityPerSecond).toBeCloseTo(servers * 100, 6);
  });

  it.each(table.filter(({ servers }) => servers <= 8))(
    "is M/M/$servers at $utilization where requests only need the CPU",
    ({ servers, utilization }) => {
      const perSecond = servers * utilization * 100;
      const station = evaluated({ perSecond, cpuUs: 10_000, cores: servers, awayUs: 0, slots: 512 });
      const c = erlangC(servers, servers * utilization);
      expect(station.waitUs).toBeCloseTo((c * 10_000) / (servers * (1 - utilization)), 1);
      expect(station.waitShare).toBeCloseTo(c, 8);
    },
  );

  it.each([1, 3, 17])("gives the same wait whether %i slots or the CPU behind them make requests wait", (slots) => {
    const station = evaluated({ perSecond: 70, cpuUs: 10_000, cores: 1, awayUs: 0, slots });
    expect(station.waitUs).toBeCloseTo((0.7 * 10_000) / 0.3, 3);
  });

  it("serves at half speed under a limit of half a core", () => {
    const station = evaluated({ perSecond: 25, cpuUs: 10_000, cores: 0.5, awayUs: 0, slots: 64 });
    expect(station.serviceUs).toBe(20_000);
    expect(station.waitUs).toBeCloseTo(20_000, 3);
    expect(station.capacityPerSecond).toBe(50);
  });

  it.each([
    { perSecond: 97, saturated: false },
    { perSecond: 98.5, saturated: true },
    { perSecond: 300, saturated: true },
  ])("is saturated at $perSecond of 100 a second: $saturated", ({ perSecond, saturated }) => {
    const station = evaluated({ perSecond, cpuUs: 10_000, cores: 1, awayUs: 0, slots: 64 });
    expect(station.saturated).toBe(saturated);
    expect(station.waitUs).toBeLessThan(500_000);
  });

  it("loses capacity to slots and CPU standing in each other's way", () => {
    const station = evaluated({ perSecond: 500, cpuUs: 10_000, cores: 1, awayUs: 10_000, slots: 2 });
    // Of two requests both are elsewhere a fifth of the time: states 0, 1, 2 on the CPU weigh 1/2, 1, 1.
    expect(station.capacityPerSecond).toBeCloseTo(80, 6);
    expect(station.boundPerSecond).toBe(100);
  });

  it("stays finite with thousands of slots and many requests in progress", () => {
    const station = evaluated({ perSecond: 4000, cpuUs: 100, cores: 2, awayUs: 1_000_000, slots: 5000 });
    expect(station.saturated).toBe(false);
    expect(station.waitUs).toBeGreaterThanOrEqual(0);
    expect(station.waitUs).toBeLessThan(1000);
  });
});
