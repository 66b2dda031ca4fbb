import type { Fault } from "./fault.ts";
import type { Strike } from "./strike.ts";
import { machinesMeeting } from "./struck-machines.ts";

/** A zone without power: its machines are off, and no new ones can be had there. */
export const zoneOutage: Strike<Extract<Fault, { kind: "zone-outage" }>> = ({ zone }, { world }) => {
  const machines = machinesMeeting(world, { zone });
  const pools = [...new Set(world.machines.map(({ spec }) => spec.pool))];
  const fresh = pools.map((pool) => `${pool}/${zone}`).filter((sale) => !world.soldOut.has(sale));
  for (const sale of fresh) world.soldOut.add(sale);
  for (const machine of machines) world.setPower(machine, false);
  return {
    subject: `${zone}: ${machines.length} machines`,
    machines: machines.map(({ spec }) => spec.name),
    heal: () => {
      for (const sale of fresh) world.soldOut.delete(sale);
      for (const machine of machines) world.setPower(machine, true);
    },
  };
};
