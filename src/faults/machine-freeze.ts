import type { Fault } from "./fault.ts";
import type { Strike } from "./strike.ts";
import { struckMachine } from "./struck-machines.ts";

/** Stops a machine in its tracks: it runs nothing and answers nothing, and goes on later where it was. */
export const machineFreeze: Strike<Extract<Fault, { where: unknown }>> = ({ where }, { world }, random) => {
  const machine = struckMachine(world, where, random);
  if (machine === undefined) return { subject: "no machine" };
  world.setFrozen(machine, true);
  const { name } = machine.spec;
  return { subject: name, machines: [name], heal: () => world.setFrozen(machine, false) };
};
