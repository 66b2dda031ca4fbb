import { bestCandidates, findCandidates, ineligible, noCandidates, victimPods } from "../cycle/preemption.ts";
import { definePlugin } from "../framework/plugin.ts";
import { unresolvable, unschedulable } from "../framework/status.ts";

interface DefaultPreemptionArgs {
  readonly minCandidateNodesPercentage?: number;
  readonly minCandidateNodesAbsolute?: number;
}

const waiting = unresolvable("waiting for the preemption for this pod to be finished");

/** Makes room by evicting pods of lower priority. */
export const defaultPreemption = definePlugin<DefaultPreemptionArgs>({
  name: "DefaultPreemption",
  create: ({ minCandidateNodesPercentage = 10, minCandidateNodesAbsolute = 100 }, handle) => ({
    name: "DefaultPreemption",
    preEnqueue: ({ key }) => (handle.snapshot.preempting.has(key) ? waiting : undefined),
    postFilter: ({ state, pod, statuses, random, dryRuns }) => {
      const refusal = ineligible(pod, statuses, handle);
      if (refusal !== undefined) return { status: unschedulable(`preemption: ${refusal}`) };
      const args = { minCandidateNodesPercentage, minCandidateNodesAbsolute };
      const outcome = findCandidates(handle, state, pod, statuses, args, random, dryRuns);
      if (outcome.candidates.length === 0) {
        const message = noCandidates(outcome, handle.snapshot.nodeCount);
        return { status: unschedulable(`preemption: ${message}`), nominatedNodeName: "" };
      }
      const best = bestCandidates(outcome.candidates);
      const chosen = best[Math.floor(random() * best.length)]!;
      return { status: undefined, nominatedNodeName: chosen.node, victims: victimPods(chosen) };
    },
    events: [{ resource: "AssignedPod", actions: ["Delete"] }],
  }),
});
