import { definePlugin } from "../framework/plugin.ts";
import { unresolvable } from "../framework/status.ts";

/** Holds a pod back while it has scheduling gates. */
export const schedulingGates = definePlugin({
  name: "SchedulingGates",
  create: () => ({
    name: "SchedulingGates",
    preEnqueue: ({ pod }) => {
      const gates = pod.spec.schedulingGates ?? [];
      if (gates.length === 0) return undefined;
      return unresolvable(`waiting for scheduling gates: [${gates.map((gate) => gate.name).join(" ")}]`);
    },
    events: [{ resource: "UnschedulablePod", actions: ["UpdatePodSchedulingGatesEliminated"] }],
  }),
});
