import { describe, expect, it } from "vitest";
import { nextLeaseAttemptUs, stretched } from "../../src/node/beats.ts";
import { tickAt } from "../../src/sim/index.ts";

const second = 1_000_000;

describe("a kubelet's beats", () => {
  it("keep every wait between the period and 4 % more, whatever is drawn", () => {
    const draws = [0.5, 0, 0.999, 0.2, 0.999, 0, 0];
    const beat = stretched({ phaseUs: 3 * second, periodUs: 10 * second }, (tick) => draws[tick % draws.length]!);
    const instants = Array.from({ length: 50 }, (_, tick) => tickAt(beat, tick));
    expect(instants[0]).toBe(3 * second);
    const waits = instants.slice(1).map((instant, index) => instant - instants[index]!);
    for (const wait of waits) expect(wait >= 10 * second && wait < 10.4 * second).toBe(true);
  });

  it.each([
    { failed: 100, from: 100, tried: 100 },
    { failed: 100, from: 100.1, tried: 100.2 },
    { failed: 100, from: 100.3, tried: 100.6 },
    { failed: 100, from: 110, tried: 112.6 },
    { failed: 100, from: 113, tried: 119.6 },
    { failed: 100, from: 120, tried: 126.6 },
  ])("a lease that failed at $failed s is tried at $tried s, from $from s on", ({ failed, from, tried }) => {
    expect(nextLeaseAttemptUs(failed * second, from * second)).toBe(tried * second);
  });
});
