import type { Fault } from "./fault.ts";
import type { Strike } from "./strike.ts";

type ComponentFault = Extract<Fault, { kind: "component-crash" | "component-partition" }>;

/** A process of the control plane, the leader among several, dies with all it had in memory, and is started again. */
export const componentCrash: Strike<ComponentFault> = ({ component }, { components }) => {
  const struck = components.get(component);
  struck?.crash();
  return { subject: component, heal: () => struck?.start() };
};

/** A process of the control plane, the leader among several, does not reach the API server. */
export const componentPartition: Strike<ComponentFault> = ({ component }, { components }) => {
  const struck = components.get(component);
  const cut = (off: boolean): void => {
    if (struck !== undefined) struck.cutOff = off;
  };
  cut(true);
  return { subject: component, heal: () => cut(false) };
};
