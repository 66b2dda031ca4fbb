import type { Fault } from "./fault.ts";
import type { Strike } from "./strike.ts";

/** A process of the control plane dies with all it had in memory, and is started again. */
export const componentCrash: Strike<Extract<Fault, { kind: "component-crash" }>> = ({ component }, { processes }) => {
  const process = processes.get(component);
  process?.crash();
  return { subject: component, heal: () => process?.start() };
};
