import { namespaceOf } from "../model/index.ts";
import type { RandomStream } from "../sim/index.ts";
import type { Machine, World } from "../world/index.ts";
import type { MachineSelector } from "./fault.ts";

/** Machines with power that meet all of a selector, in order of purchase. */
export function machinesMeeting(world: World, { runs, pool, zone, name }: MachineSelector): Machine[] {
  return world.machines.filter((machine) => {
    if (!machine.powered || machine.releasedAtUs !== undefined) return false;
    const { spec, pods } = machine;
    if (pool !== undefined && spec.pool !== pool) return false;
    if (zone !== undefined && spec.zone !== zone) return false;
    if (name !== undefined && spec.name !== name) return false;
    if (runs === undefined) return true;
    return [...pods].some((pod) => pod.workload === runs.workload && namespaceOf(pod.key) === runs.namespace);
  });
}

/** One of them, by the fault's own luck. */
export function struckMachine(world: World, selector: MachineSelector, random: RandomStream): Machine | undefined {
  const machines = machinesMeeting(world, selector);
  return machines[Math.floor(random() * machines.length)];
}
