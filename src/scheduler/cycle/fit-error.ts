import type { NodeToStatus } from "../framework/plugin.ts";

/** Why a pod found no node. */
export interface FitError {
  readonly numAllNodes: number;
  /** What a PreFilter said, "" if none rejected. */
  readonly preFilterMessage: string;
  readonly statuses: NodeToStatus;
  /** Plugins that rejected some node: events that interest them wake the pod. Sorted. */
  readonly unschedulablePlugins: readonly string[];
}

/** `0/5 nodes are available: 1 Too many pods, 4 Insufficient cpu. ` and what PostFilter said: upstream's text to the letter. */
export function nodesUnavailable(
  numAllNodes: number,
  preFilterMessage: string,
  statuses: NodeToStatus,
  postFilterMessage: string,
): string {
  let text = `0/${numAllNodes} nodes are available:`;
  if (preFilterMessage !== "") {
    text += ` ${preFilterMessage}.`;
  } else {
    const counts = new Map<string, number>();
    const count = (reasons: readonly string[], nodes: number): void => {
      for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + nodes);
    };
    let listed = 0;
    for (const [{ reasons }, nodes] of statuses.counts ??
      [...statuses.byNode.values()].map((status) => [status, 1] as const)) {
      count(reasons, nodes);
      listed += nodes;
    }
    if (listed < numAllNodes) count(statuses.absent.reasons, numAllNodes - listed);
    const histogram = [...counts].map(([reason, nodes]) => `${nodes} ${reason}`).sort();
    if (histogram.length > 0) text += ` ${histogram.join(", ")}.`;
  }
  return postFilterMessage === "" ? text : `${text} ${postFilterMessage}`;
}

/** The text of the FailedScheduling event: at most 1,024 bytes. */
export function eventMessage(message: string): string {
  const bytes = new TextEncoder().encode(message);
  if (bytes.length <= maxEventBytes) return message;
  const suffix = " ...";
  return `${new TextDecoder().decode(bytes.subarray(0, maxEventBytes - suffix.length))}${suffix}`;
}

const maxEventBytes = 1024;
