import type { PodResources } from "../../model/index.ts";
import { maxNodeScore } from "../framework/plugin.ts";
import type { NodeInfo } from "../snapshot/node-info.ts";
import { isScalarResource } from "../snapshot/scalar-resources.ts";

export interface ResourceWeight {
  readonly name: string;
  readonly weight: number;
}

/** One corner of a piecewise linear function: utilization 0..100, score 0..10. */
interface UtilizationShapePoint {
  readonly utilization: number;
  readonly score: number;
}

export interface ScoringStrategy {
  readonly type?: string;
  readonly resources?: readonly ResourceWeight[];
  readonly requestedToCapacityRatio?: { readonly shape?: readonly UtilizationShapePoint[] };
}

export const defaultResources: readonly ResourceWeight[] = [
  { name: "cpu", weight: 1 },
  { name: "memory", weight: 1 },
];

/** A score of one resource from what would be in use and what there is. */
type ResourceScore = (used: number, allocatable: number) => number;

/** The score of a node for a pod with these requests. */
type NodeScore = (requests: PodResources, node: NodeInfo) => number;

const leastAllocated: ResourceScore = (used, allocatable) =>
  used > allocatable ? 0 : Math.trunc(((allocatable - used) * maxNodeScore) / allocatable);

const mostAllocated: ResourceScore = (used, allocatable) =>
  Math.trunc((Math.min(used, allocatable) * maxNodeScore) / allocatable);

/** NodeResourcesFit's scoring, by strategy. */
export function scoringStrategy({ type, resources, requestedToCapacityRatio }: ScoringStrategy): NodeScore {
  const weights = resources === undefined || resources.length === 0 ? defaultResources : resources;
  switch (type) {
    case "MostAllocated":
      return weightedMean(weights, mostAllocated);
    case "RequestedToCapacityRatio":
      return ratioMean(weights, brokenLine(requestedToCapacityRatio?.shape ?? []));
    default:
      return weightedMean(weights, leastAllocated);
  }
}

function weightedMean(weights: readonly ResourceWeight[], scoreOf: ResourceScore): NodeScore {
  return (requests, node) => {
    let sum = 0;
    let weightSum = 0;
    for (const { name, weight } of weights) {
      const allocatable = scoredAllocatable(requests, node, name);
      if (allocatable === 0) continue;
      sum += scoreOf(usedWith(requests, node, name), allocatable) * weight;
      weightSum += weight;
    }
    return weightSum === 0 ? 0 : Math.trunc(sum / weightSum);
  };
}

/** Resources that score 0 leave the mean altogether; the mean is rounded, not truncated. */
function ratioMean(weights: readonly ResourceWeight[], line: (utilization: number) => number): NodeScore {
  return (requests, node) => {
    let sum = 0;
    let weightSum = 0;
    for (const { name, weight } of weights) {
      const allocatable = scoredAllocatable(requests, node, name);
      if (allocatable === 0) continue;
      const used = usedWith(requests, node, name);
      const score = line(used > allocatable ? 100 : Math.trunc((used * 100) / allocatable));
      if (score <= 0) continue;
      sum += score * weight;
      weightSum += weight;
    }
    return weightSum === 0 ? 0 : Math.floor(sum / weightSum + 0.5);
  };
}

/** The piecewise linear function through the shape, in integers; scores of the shape count tenfold. */
function brokenLine(shape: readonly UtilizationShapePoint[]): (utilization: number) => number {
  const points = shape.map(({ utilization, score }) => ({ utilization, score: score * 10 }));
  return (at) => {
    for (const [index, point] of points.entries()) {
      if (at > point.utilization) continue;
      if (index === 0) return point.score;
      const before = points[index - 1]!;
      const rise = (point.score - before.score) * (at - before.utilization);
      return before.score + Math.trunc(rise / (point.utilization - before.utilization));
    }
    return points[points.length - 1]!.score;
  };
}

/** What the node has of a resource, 0 when it takes no part: a scalar that the pod does not ask for is left out. */
export function scoredAllocatable(requests: PodResources, node: NodeInfo, name: string): number {
  if (name === "cpu") return node.allocatable.cpuMillicores;
  if (name === "memory") return node.allocatable.memoryBytes;
  if (isScalarResource(name) && requestOf(requests, name) === 0) return 0;
  return node.allocatableOf(name);
}

export function requestOf(requests: PodResources, name: string): number {
  switch (name) {
    case "cpu":
      return requests.cpuMillicores;
    case "memory":
      return requests.memoryBytes;
    case "ephemeral-storage":
      return requests.ephemeralBytes;
    default:
      return requests.scalars.get(name) ?? 0;
  }
}

/** In use with the pod, where containers that request no cpu or memory count a default. */
function usedWith(requests: PodResources, node: NodeInfo, name: string): number {
  if (name === "cpu") return node.nonZeroCpuMillicores + requests.cpuMillicores;
  if (name === "memory") return node.nonZeroMemoryBytes + requests.memoryBytes;
  return node.requestedOf(name) + requestOf(requests, name);
}
