import { tolerationsTolerate } from "../../model/index.ts";
import type { ClusterEvent } from "../framework/cluster-event.ts";
import { definePlugin } from "../framework/plugin.ts";
import { unresolvable } from "../framework/status.ts";
import type { NodeInfo } from "../snapshot/node-info.ts";
import type { PodInfo } from "../snapshot/pod-info.ts";

const taint = { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" } as const;
const rejected = unresolvable("node(s) were unschedulable");

const toleratesCordon = (pod: PodInfo): boolean => tolerationsTolerate(pod.tolerations, taint);

/** Rejects cordoned nodes. */
export const nodeUnschedulable = definePlugin({
  name: "NodeUnschedulable",
  create: () => ({
    name: "NodeUnschedulable",
    filter: (_state, pod, node) => (node.unschedulable && !toleratesCordon(pod) ? rejected : undefined),
    events: [
      { resource: "Node", actions: ["Add", "UpdateNodeTaint"], hint: becameSchedulable },
      {
        resource: "UnschedulablePod",
        actions: ["UpdatePodToleration"],
        hint: (_pod, { podAfter }) => podAfter !== undefined && toleratesCordon(podAfter),
      },
    ],
  }),
});

function becameSchedulable(pod: PodInfo, { nodeBefore, nodeAfter }: ClusterEvent): boolean {
  const accepts = (node: NodeInfo | undefined): boolean =>
    node !== undefined && (!node.unschedulable || toleratesCordon(pod));
  return accepts(nodeAfter) && !accepts(nodeBefore);
}
