import { spotNoticeUs } from "../world/index.ts";
import type { Fault } from "./fault.ts";
import type { Strike } from "./strike.ts";
import { machinesMeeting } from "./struck-machines.ts";

/** The provider wants machines back, and says so two minutes before it takes them. What happens then is the provider's. */
export const spotInterruption: Strike<Extract<Fault, { kind: "spot-interruption" }>> = (
  { where, count, atUs },
  { world },
  random,
) => {
  const machines = machinesMeeting(world, where).filter(({ reclaimAtUs }) => reclaimAtUs === undefined);
  const struck: string[] = [];
  while (struck.length < count && machines.length > 0) {
    const [machine] = machines.splice(Math.floor(random() * machines.length), 1);
    world.giveNotice(machine!, atUs + spotNoticeUs);
    struck.push(machine!.spec.name);
  }
  return { subject: struck.length === 0 ? "no machine" : struck.join(", "), machines: struck };
};
