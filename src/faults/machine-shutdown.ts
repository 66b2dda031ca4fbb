import type { Fault } from "./fault.ts";
import type { Strike } from "./strike.ts";
import { struckMachine } from "./struck-machines.ts";

/** Somebody shuts a machine down: a kubelet that was given time for it ends its pods first, then the power goes off. */
export const machineShutdown: Strike<Extract<Fault, { where: unknown }>> = ({ where }, { world }, random) => {
  const machine = struckMachine(world, where, random);
  if (machine === undefined) return { subject: "no machine" };
  world.shutDown(machine);
  const { name } = machine.spec;
  return { subject: name, machines: [name], heal: () => world.setPower(machine, true) };
};
