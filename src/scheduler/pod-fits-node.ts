import { CycleState } from "./framework/cycle-state.ts";
import type { Framework } from "./framework/framework.ts";
import { type Status, unresolvable } from "./framework/status.ts";
import type { NodeInfo } from "./snapshot/node-info.ts";
import type { PodInfo } from "./snapshot/pod-info.ts";

/**
 * Whether the pod would fit this node now, by the profile's PreFilter and Filter plugins alone: no nominated pods, no scores, no
 * preemption. `undefined` means that it fits. This is what the cluster autoscaler asks.
 */
export function podFitsNode(framework: Framework, pod: PodInfo, node: NodeInfo): Status | undefined {
  return prepareFilters(framework, pod)(node);
}

/** As `podFitsNode` for many nodes of one unchanging snapshot: PreFilter runs once. */
export function prepareFilters(framework: Framework, pod: PodInfo): (node: NodeInfo) => Status | undefined {
  const state = new CycleState();
  const { nodeNames, status, narrowedBy } = framework.runPreFilter(state, pod);
  if (status !== undefined) return () => status;
  return (node) => {
    if (nodeNames !== undefined && !nodeNames.has(node.name)) {
      return unresolvable(`node(s) didn't satisfy plugin(s) [${[...narrowedBy].sort().join(" ")}]`);
    }
    return framework.runFilters(state, pod, node);
  };
}
