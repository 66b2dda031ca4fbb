import type { PodResources } from "../../model/index.ts";
import { definePlugin, maxNodeScore } from "../framework/plugin.ts";
import { skip } from "../framework/status.ts";
import type { NodeInfo } from "../snapshot/node-info.ts";
import { defaultResources, type ResourceWeight, requestOf, scoredAllocatable } from "./resource-scores.ts";

export interface NodeResourcesBalancedAllocationArgs {
  readonly resources?: readonly ResourceWeight[];
}

/** Prefers nodes on which the pod makes the use of resources more even; 75 means that nothing changes. */
export const nodeResourcesBalancedAllocation = definePlugin<NodeResourcesBalancedAllocationArgs>({
  name: "NodeResourcesBalancedAllocation",
  create: ({ resources }) => {
    const names = (resources === undefined || resources.length === 0 ? defaultResources : resources).map(
      ({ name }) => name,
    );
    return {
      name: "NodeResourcesBalancedAllocation",
      preScore: (_state, pod) => (names.some((name) => requestOf(pod.requests, name) > 0) ? undefined : skip),
      score: (_state, pod, node) => balanceGain(pod.requests, node, names),
    };
  },
});

function balanceGain(requests: PodResources, node: NodeInfo, names: readonly string[]): number {
  const half = maxNodeScore / 2;
  const change = balance(requests, node, names, true) - balance(requests, node, names, false);
  return half + Math.trunc((half + change) / 2);
}

/** 100 when all resources are used to the same fraction; plain requests, without defaults. */
function balance(requests: PodResources, node: NodeInfo, names: readonly string[], withPod: boolean): number {
  const fractions: number[] = [];
  for (const name of names) {
    const allocatable = scoredAllocatable(requests, node, name);
    if (allocatable === 0) continue;
    const used = node.requestedOf(name) + (withPod ? requestOf(requests, name) : 0);
    fractions.push(Math.min(1, used / allocatable));
  }
  return Math.trunc((1 - deviation(fractions)) * maxNodeScore);
}

/** Population standard deviation; for two values upstream's shorter form, which rounds differently. */
function deviation(values: readonly number[]): number {
  if (values.length < 2) return 0;
  if (values.length === 2) return Math.abs((values[0]! - values[1]!) / 2);
  let total = 0;
  for (const value of values) total += value;
  const mean = total / values.length;
  let squares = 0;
  for (const value of values) squares += (value - mean) * (value - mean);
  return Math.sqrt(squares / values.length);
}
