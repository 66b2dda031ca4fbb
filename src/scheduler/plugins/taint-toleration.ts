import { tolerationsTolerate } from "../../model/index.ts";
import type { ClusterEvent } from "../framework/cluster-event.ts";
import { definePlugin } from "../framework/plugin.ts";
import { unresolvable } from "../framework/status.ts";
import type { NodeInfo } from "../snapshot/node-info.ts";
import { hasUntoleratedTaint, type PodInfo } from "../snapshot/pod-info.ts";
import { reverseNormalize } from "./normalize.ts";

const rejected = unresolvable("node(s) had untolerated taint(s)");

/** Rejects nodes with untolerated NoSchedule or NoExecute taints; prefers few untolerated PreferNoSchedule ones. */
export const taintToleration = definePlugin({
  name: "TaintToleration",
  create: () => ({
    name: "TaintToleration",
    filter: (_state, pod, node) => (hasUntoleratedTaint(node.taints, pod.tolerations) ? rejected : undefined),
    preScore: () => undefined,
    score: (_state, pod, node) => untoleratedPreferences(pod, node),
    normalizeScore: (_state, _pod, scores) => reverseNormalize(scores),
    events: [
      { resource: "Node", actions: ["Add", "UpdateNodeTaint"], hint: becameTolerable },
      {
        resource: "UnschedulablePod",
        actions: ["UpdatePodToleration"],
        // Tolerations can only be added, so upstream compares their number.
        hint: (_pod, { podBefore, podAfter }) => podBefore?.tolerations.length !== podAfter?.tolerations.length,
      },
    ],
  }),
});

/** How many PreferNoSchedule taints of the node the pod does not tolerate. */
function untoleratedPreferences(pod: PodInfo, node: NodeInfo): number {
  let count = 0;
  for (const taint of node.taints) {
    // A toleration of another effect never matches such a taint, so the general rule covers upstream's preselection.
    if (taint.effect === "PreferNoSchedule" && !tolerationsTolerate(pod.tolerations, taint)) count++;
  }
  return count;
}

function becameTolerable(pod: PodInfo, { nodeBefore, nodeAfter }: ClusterEvent): boolean {
  if (nodeAfter === undefined) return false;
  const tolerable = !hasUntoleratedTaint(nodeAfter.taints, pod.tolerations);
  return tolerable && (nodeBefore === undefined || hasUntoleratedTaint(nodeBefore.taints, pod.tolerations));
}
