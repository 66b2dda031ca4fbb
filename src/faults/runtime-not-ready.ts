import type { Fault } from "./fault.ts";
import type { Strike } from "./strike.ts";
import { struckMachine } from "./struck-machines.ts";

/** The container runtime of a machine calls itself not ready: its kubelet takes nothing up, and what runs runs on. */
export const runtimeNotReady: Strike<Extract<Fault, { where: unknown }>> = ({ where }, { world }, random) => {
  const machine = struckMachine(world, where, random);
  if (machine === undefined) return { subject: "no machine" };
  world.setRuntimeReady(machine, false);
  const { name } = machine.spec;
  return { subject: name, machines: [name], heal: () => world.setRuntimeReady(machine, true) };
};
