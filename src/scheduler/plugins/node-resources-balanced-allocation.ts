import type { PodResources } from "../../model/index.ts";
import { definePlugin, maxNodeScore } from "../framework/plugin.ts";
import { skip } from "../framework/status.ts";
import type { NodeInfo } from "../snapshot/node-info.ts";
import { defaultResources, type ResourceWeight, requestOf, scoredAllocatable } from "./resource-scores.ts";

interface NodeResourcesBalancedAllocationArgs {
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
  let count = 0;
  let [first, second] = [0, 0];
  let fractions: number[] | undefined; // Only for three and more; two are the usual case.
  for (const name of names) {
    const allocatable = scoredAllocatable(requests, node, name);
    if (allocatable === 0) continue;
    const used = node.requestedOf(name) + (withPod ? requestOf(requests, name) : 0);
    const fraction = used >= allocatable ? 1 : used / allocatable;
    if (count === 0) first = fraction;
    else if (count === 1) second = fraction;
    else fractions ??= [first, second];
    if (count > 1) fractions!.push(fraction);
    count++;
  }
  // For two values upstream uses a shorter form of the deviation, which rounds differently.
  const spread = fractions !== undefined ? deviation(fractions) : count < 2 ? 0 : Math.abs((first - second) / 2);
  return Math.trunc((1 - spread) * maxNodeScore);
}

/** Population standard deviation. */
function deviation(values: readonly number[]): number {
  let total = 0;
  for (const value of values) total += value;
  const mean = total / values.length;
  let squares = 0;
  for (const value of values) squares += (value - mean) * (value - mean);
  return Math.sqrt(squares / values.length);
}
