import type { Fault } from "./fault.ts";
import type { Strike } from "./strike.ts";
import { struckMachine } from "./struck-machines.ts";

/** Cuts a machine's power; with it go its processes, and nobody is told. */
export const machineCrash: Strike<Extract<Fault, { where: unknown }>> = ({ where }, { world }, random) => {
  const machine = struckMachine(world, where, random);
  if (machine === undefined) return { subject: "no machine" };
  world.setPower(machine, false);
  const { name } = machine.spec;
  return { subject: name, machines: [name], heal: () => world.setPower(machine, true) };
};
