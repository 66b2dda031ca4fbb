import type { Fault } from "./fault.ts";
import type { Strike } from "./strike.ts";
import { struckMachine } from "./struck-machines.ts";

/** Stops the kubelet's process; the containers run on, and nobody reports them. */
export const kubeletStop: Strike<Extract<Fault, { where: unknown }>> = ({ where }, { world }, random) => {
  const machine = struckMachine(world, where, random);
  if (machine === undefined) return { subject: "no machine" };
  world.setKubeletAlive(machine, false);
  const { name } = machine.spec;
  return { subject: name, machines: [name], heal: () => world.setKubeletAlive(machine, true) };
};
