import type { Fault } from "./fault.ts";
import type { Strike } from "./strike.ts";

/** Image pulls take longer, or the registry does not answer at all. */
export const registrySlow: Strike<Extract<Fault, { kind: "registry-slow" }>> = ({ factor }, { world }) => {
  const before = world.registrySlowdown;
  world.registrySlowdown = before * factor;
  return {
    subject: "registry",
    heal: () => {
      world.registrySlowdown = before;
    },
  };
};
