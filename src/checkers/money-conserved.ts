import { machineCostMicroUsd } from "../world/index.ts";
import { defineInvariant } from "./invariant.ts";

/** A machine is billed from its purchase to its return, once: never less than the minute, never after it is gone. */
export const moneyConserved = defineInvariant({
  name: "money is conserved",
  watch({ world, nowUs, violate }) {
    const settled = new Map<number, number>();
    return {
      onWorld(change) {
        if (change.what === "machine-released")
          settled.set(change.machine.index, machineCostMicroUsd(change.machine, nowUs()));
      },
      finish() {
        for (const machine of world.machines) {
          const cost = machineCostMicroUsd(machine, nowUs());
          const atReturn = settled.get(machine.index);
          if (atReturn !== undefined && atReturn !== cost)
            violate(`${machine.spec.name} cost ${atReturn} when it was returned and ${cost} now`);
          if (atReturn === undefined && machine.releasedAtUs !== undefined)
            violate(`${machine.spec.name} was returned unseen`);
          if (cost < 0) violate(`${machine.spec.name} cost ${cost}`);
        }
      },
    };
  },
});
