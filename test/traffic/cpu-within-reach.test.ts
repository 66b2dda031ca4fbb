import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { roundedReach } from "../../src/traffic/rounded-reach.ts";
import { cpuWithinReach, type RunningPod } from "../../src/world/index.ts";
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
            if (what === "freeze") stage.world.setFrozen(machine, !machine.frozen);
            else if (pod.gone) continue;
            else if (what === "remove") stage.world.removePod(pod);
            else if (what === "stop") stage.world.stopContainer(pod, pod.main);
            else if (what === "demand") stage.world.setDemand(pod, pod.main, pod.main.running ? millicores : 0);
            else if (!pod.main.running) stage.world.startContainer(pod, pod.main);
            for (const running of machine.pods) expect(cpuWithinReach(running)).toBe(summedReach(running));
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
});
