import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { reachMargin, roundedReach } from "../../src/traffic/rounded-reach.ts";
import { cpuLeftFor, cpuWithinReach, type RunningPod } from "../../src/world/index.ts";
import { Stage } from "./stage.ts";

/** The definition: everybody else's demand is summed up anew. */
function summedReach({ machine, main }: RunningPod): number {
  if (!machine.alive) return 0;
  const capped = ({ cpuDemandMillicores: demand, limits: { cpuLimitMillicores: limit } }: typeof main): number =>
    limit > 0 ? Math.min(demand, limit) : demand;
  const others = [...machine.pods].flatMap(({ containers }) => containers).filter((one) => one !== main && one.running);
  const wanting = others.filter((container) => capped(container) > 0);
  const demand = others.reduce((sum, container) => sum + capped(container), 0);
  const weights = wanting.reduce((sum, { limits }) => sum + limits.cpuShares, main.limits.cpuShares);
  const capacity = machine.spec.type.cpuMillicores;
  const reach = Math.max(Math.floor((capacity * main.limits.cpuShares) / weights), capacity - demand);
  return main.limits.cpuLimitMillicores > 0 ? Math.min(main.limits.cpuLimitMillicores, reach) : reach;
}

describe("the CPU within a pod's reach", () => {
  it("is what a sum over the machine says, whatever happened on it", () => {
    const limits = fc.record({
      cpuShares: fc.integer({ min: 2, max: 4096 }),
      cpuLimitMillicores: fc.constantFrom(0, 250, 1000, 4000),
    });
    const step = fc.record({
      what: fc.constantFrom("demand", "demand", "demand", "stop", "start", "remove", "freeze"),
      pod: fc.nat({ max: 7 }),
      millicores: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 6000 })),
    });
    fc.assert(
      fc.property(
        fc.array(limits, { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 500, max: 16_000 }),
        fc.array(step, { maxLength: 30 }),
        (declared, cores, steps) => {
          const stage = new Stage();
          const machine = stage.machine(cores);
          const pods = declared.map((of) => stage.pod(machine, {}, of));
          for (const { what, pod: index, millicores } of steps) {
            const pod = pods[index % pods.length]!;
            const { cpuEpoch: epoch, cpuDemandTravelMillicores: travel } = machine;
            const left = new Map([...machine.pods].map((running) => [running, cpuLeftFor(running)]));
            if (what === "freeze") stage.world.setFrozen(machine, !machine.frozen);
            else if (pod.gone) continue;
            else if (what === "remove") stage.world.removePod(pod);
            else if (what === "stop") stage.world.stopContainer(pod, pod.main);
            else if (what === "demand") stage.world.setDemand(pod, pod.main, pod.main.running ? millicores : 0);
            else if (!pod.main.running) stage.world.startContainer(pod, pod.main);
            for (const running of machine.pods) expect(cpuWithinReach(running)).toBe(summedReach(running));
            if (machine.cpuEpoch !== epoch) continue;
            const farthest = machine.cpuDemandTravelMillicores - travel;
            for (const running of machine.pods)
              expect(Math.abs(cpuLeftFor(running) - left.get(running)!)).toBeLessThanOrEqual(farthest);
          }
        },
      ),
    );
  });

  it.each([
    [250, 250, 250],
    [257, 0, 250],
    [999, 0, 990],
    [3999, 0, 3950],
    [7999, 0, 7000],
    [3, 0, 1],
  ])("is rounded from %i with a limit of %i to %i", (millicores, limit, wanted) => {
    expect(roundedReach(millicores, limit)).toBe(wanted);
  });

  it("is rounded as before within its margin, and otherwise just beyond it", () => {
    const rounded = (left: number, limit: number): number =>
      roundedReach(limit > 0 ? Math.min(limit, left) : left, limit);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 40_000 }), fc.constantFrom(0, 250, 1005, 4000, 20_000), (left, limit) => {
        const margin = reachMargin(left, limit);
        const now = rounded(left, limit);
        for (const moved of [left - margin, left + margin]) expect(rounded(moved, limit)).toBe(now);
        const beyond = [left - margin - 1, left + margin + 1].filter((moved) => moved >= 10);
        if (beyond.length === 2) expect(beyond.map((moved) => rounded(moved, limit))).not.toEqual([now, now]);
      }),
    );
  });
});
