import { controlPlane, outside } from "../world/index.ts";
import type { Fault } from "./fault.ts";
import type { Strike } from "./strike.ts";
import { machinesMeeting } from "./struck-machines.ts";

/** Cuts machines off from the control plane, or from everything that is not among them. */
export const networkPartition: Strike<Extract<Fault, { kind: "network-partition" }>> = ({ where, from }, { world }) => {
  const machines = machinesMeeting(world, where);
  const inside = new Set(machines.map(({ index }) => index));
  const others = world.machines.map(({ index }) => index).filter((index) => !inside.has(index));
  const cut = world.links.cut(inside, from === "all" ? [controlPlane, outside, ...others] : [controlPlane]);
  const names = machines.map(({ spec }) => spec.name);
  return { subject: names.join(", "), machines: names, heal: () => world.links.heal(cut) };
};
