import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MachineReach, roundedReach } from "../../src/traffic/machine-reach.ts";
import { cpuWithinReach } from "../../src/world/index.ts";
import { Stage } from "./stage.ts";

describe("MachineReach", () => {
  it("finds for every pod what the world says is within its reach", () => {
    const pod = fc.record({
      cpuShares: fc.integer({ min: 2, max: 4096 }),
      cpuLimitMillicores: fc.constantFrom(0, 250, 1000, 4000),
      demand: fc.integer({ min: 0, max: 6000 }),
    });
    fc.assert(
      fc.property(
        fc.array(pod, { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 500, max: 16_000 }),
        (pods, cores) => {
          const stage = new Stage();
          const machine = stage.machine(cores);
          for (const { demand, ...limits } of pods) {
            const running = stage.pod(machine, {}, limits);
            stage.world.setDemand(running, running.main, demand);
          }
          const reach = new MachineReach().of(machine);
          for (const running of machine.pods) expect(reach.millicores(running)).toBe(cpuWithinReach(running));
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
  ])("rounds %i with a limit of %i to %i", (millicores, limit, wanted) => {
    expect(roundedReach(millicores, limit)).toBe(wanted);
  });
});
