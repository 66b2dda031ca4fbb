import type { KubeObject, Node, Pod } from "../../model/index.ts";
import type { ClusterEvent, EventAction, EventResource } from "../framework/cluster-event.ts";
import { NodeInfo } from "../snapshot/node-info.ts";
import { type PodInfo, podInfo } from "../snapshot/pod-info.ts";

/** What an update of a node changed, as events; heartbeats and cordoning are none. */
export function nodeEvents(before: Node | undefined, after: Node | undefined): ClusterEvent[] {
  const nodeBefore = before === undefined ? undefined : bare(before);
  const nodeAfter = after === undefined ? undefined : bare(after);
  const event = (action: EventAction): ClusterEvent => ({
    resource: "Node",
    action,
    nodeBefore,
    nodeAfter,
    before,
    after,
  });
  if (before === undefined) return [event("Add")];
  if (after === undefined) return [event("Delete")];
  const actions: EventAction[] = [];
  if (before.spec?.unschedulable === true && after.spec?.unschedulable !== true) actions.push("UpdateNodeTaint");
  if (differ(before.status?.allocatable, after.status?.allocatable)) actions.push("UpdateNodeAllocatable");
  if (differ(before.metadata.labels, after.metadata.labels)) actions.push("UpdateNodeLabel");
  if (differ(before.spec?.taints ?? [], after.spec?.taints ?? [])) actions.push("UpdateNodeTaint");
  if (differ(conditionsOf(before), conditionsOf(after))) actions.push("UpdateNodeCondition");
  if (differ(before.metadata.annotations, after.metadata.annotations)) actions.push("UpdateNodeAnnotation");
  return actions.map(event);
}

function bare(node: Node): NodeInfo {
  const info = new NodeInfo(node.metadata.name);
  info.setNode(node);
  return info;
}

/** Types and statuses: what a heartbeat leaves as it was. */
function conditionsOf({ status }: Node): readonly string[] {
  return (status?.conditions ?? []).map((condition) => `${condition.type}=${condition.status}`).sort();
}

/** Two API values by content; keys in any order. */
function differ(left: unknown, right: unknown): boolean {
  return left !== right && canonical(left) !== canonical(right);
}

function canonical(value: unknown): string {
  return JSON.stringify(value ?? {}, (_key, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

/** A bound pod appeared, went, or changed. */
export function assignedPodEvents(before: Pod | undefined, after: Pod | undefined): ClusterEvent[] {
  const podBefore = before === undefined ? undefined : podInfo(before);
  const podAfter = after === undefined ? undefined : podInfo(after);
  if (podBefore === undefined || podAfter === undefined) {
    const action = podBefore === undefined ? "Add" : "Delete";
    return [{ resource: "AssignedPod", action, podBefore, podAfter, before, after }];
  }
  return podUpdateEvents("AssignedPod", podBefore, podAfter);
}

/** What an update of a pod changed, as events; a change that scheduling has no name for is plain `Update`. */
export function podUpdateEvents(resource: EventResource, podBefore: PodInfo, podAfter: PodInfo): ClusterEvent[] {
  const actions: EventAction[] = [];
  if (differ(podBefore.labels, podAfter.labels)) actions.push("UpdatePodLabel");
  if (scaledDown(podBefore, podAfter)) actions.push("UpdatePodScaleDown");
  const gates = ({ pod }: PodInfo): number => pod.spec.schedulingGates?.length ?? 0;
  if (gates(podBefore) > 0 && gates(podAfter) === 0) actions.push("UpdatePodSchedulingGatesEliminated");
  // Tolerations of a pod can only be added, so their number tells.
  if (podBefore.tolerations.length !== podAfter.tolerations.length) actions.push("UpdatePodToleration");
  if (actions.length === 0) actions.push("Update");
  return actions.map((action) => ({
    resource,
    action,
    podBefore,
    podAfter,
    before: podBefore.pod,
    after: podAfter.pod,
  }));
}

function scaledDown(before: PodInfo, after: PodInfo): boolean {
  if (before.requests === after.requests) return false;
  for (const [name, amount] of before.requests.all) if (amount > (after.requests.all.get(name) ?? 0)) return true;
  return false;
}

/** An object of a kind that only volume plugins look at. */
export function objectEvent(before: KubeObject | undefined, after: KubeObject | undefined): ClusterEvent {
  const resource = (after ?? before)!.kind as EventResource;
  const action = before === undefined ? "Add" : after === undefined ? "Delete" : "Update";
  return { resource, action, before, after };
}
