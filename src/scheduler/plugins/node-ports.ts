import type { ClusterEvent } from "../framework/cluster-event.ts";
import { definePlugin } from "../framework/plugin.ts";
import { skip, unschedulable } from "../framework/status.ts";
import type { NodeInfo } from "../snapshot/node-info.ts";
import { type HostPort, type PodInfo, portsClash } from "../snapshot/pod-info.ts";

const rejected = unschedulable("node(s) didn't have free ports for the requested pod ports");

/** Host ports must be free on the node. */
export const nodePorts = definePlugin({
  name: "NodePorts",
  create: () => ({
    name: "NodePorts",
    preFilter: (_state, pod) => (pod.hostPorts.length === 0 ? skip : undefined),
    filter: (_state, pod, node) => (hasFreePorts(pod, node) ? undefined : rejected),
    events: [
      { resource: "AssignedPod", actions: ["Delete"], hint: freesPort },
      { resource: "Node", actions: ["Add"] },
    ],
  }),
});

/** Whether none of the pod's host ports is taken on the node. */
export function hasFreePorts(pod: PodInfo, node: NodeInfo): boolean {
  if (node.podsWithHostPorts === 0 || pod.hostPorts.length === 0) return true;
  for (const existing of node.pods) if (anyClash(pod.hostPorts, existing.hostPorts)) return false;
  return true;
}

function anyClash(left: readonly HostPort[], right: readonly HostPort[]): boolean {
  for (const one of left) for (const other of right) if (portsClash(one, other)) return true;
  return false;
}

function freesPort(pod: PodInfo, { podBefore }: ClusterEvent): boolean {
  return podBefore !== undefined && anyClash(pod.hostPorts, podBefore.hostPorts);
}
