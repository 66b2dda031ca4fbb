import type { Pod } from "../../model/index.ts";
import { tanh } from "../../sim/index.ts";
import type { NodeGroup } from "./node-groups.ts";
import { groupsOfHighestPriority } from "./priorities.ts";
import { TemplateRequests } from "./template-requests.ts";

/** What one group offers to the pods that wait. */
export interface Option {
  readonly group: NodeGroup;
  readonly nodeCount: number;
  readonly pods: readonly Pod[];
  /** By all these pods together. */
  readonly requested: { readonly cpuMillicores: number; readonly memoryBytes: number };
  readonly similar: readonly NodeGroup[];
  /** Capacity of one node, not what is allocatable. */
  readonly capacity: { readonly cpuMillicores: number; readonly memoryBytes: number };
  readonly hasGpu: boolean;
}

/** What expanders read besides the options. */
export interface Market {
  /** Nodes in the cluster now. */
  readonly nodeCount: number;
  /** The `priorities` key of the ConfigMap `cluster-autoscaler-priority-expander`; absent without one. */
  readonly priorities: string | undefined;
  /** Warnings of the priority expander. */
  readonly complain: (reason: string, message: string) => void;
}

/** Keeps the best options, ties and all. Unknown names keep everything, as `random` does. */
export function filterOptions(expander: string, options: readonly Option[], market: Market): readonly Option[] {
  switch (expander) {
    case "least-waste":
      return lowest(options, wasteOf);
    case "most-pods":
      return lowest(options, ({ pods }) => -pods.length);
    case "least-nodes":
      return lowest(options, ({ nodeCount }) => nodeCount);
    case "price":
      return cheapest(options, market.nodeCount);
    case "priority":
      return groupsOfHighestPriority(options, market);
    default:
      return options;
  }
}

/** One expander after the other until one option is left. */
export function applyChain(chain: readonly string[], options: readonly Option[], market: Market): readonly Option[] {
  let left = options;
  for (const expander of chain) {
    left = filterOptions(expander, left, market);
    if (left.length <= 1) break;
  }
  return left;
}

function lowest(options: readonly Option[], score: (option: Option) => number): readonly Option[] {
  let best = Number.POSITIVE_INFINITY;
  let kept: Option[] = [];
  for (const option of options) {
    const value = score(option);
    if (value < best) {
      best = value;
      kept = [option];
    } else if (value === best) {
      kept.push(option);
    }
  }
  return kept;
}

/** Share of CPU plus share of memory that nobody would have asked for. */
export function wasteOf({ requested, nodeCount, capacity }: Option): number {
  const { cpuMillicores: cpu, memoryBytes: memory } = requested;
  const availableCpu = capacity.cpuMillicores * nodeCount;
  const availableMemory = capacity.memoryBytes * nodeCount;
  return (availableCpu - cpu) / availableCpu + (availableMemory - memory) / availableMemory;
}

/** What a price comes to, for whoever wants to know why. US dollars an hour. */
export interface Price {
  readonly nodes: number;
  readonly pods: number;
  readonly ratio: number;
  readonly unfitness: number;
  readonly suppressed: number;
  readonly score: number;
}

const gibibyte = 1_073_741_824;
/** What a pod's requests are worth an hour. */
const usdPerCoreHour = 0.03;
const usdPerGibHour = 0.004;

function podPrice(cpuMillicores: number, memoryBytes: number): number {
  return (cpuMillicores / 1000) * usdPerCoreHour + (memoryBytes / gibibyte) * usdPerGibHour;
}

/** A pod of 500m and 500Mi, so that tiny options do not look infinitely dear. */
const stabilization = podPrice(500, 500 * 1_048_576);

/** Price of the nodes against that of the pods, times how ill they suit a cluster of this size. */
export function priceOf(option: Option, clusterNodes: number): Price | undefined {
  const { pricePerHour } = option.group.spec;
  if (pricePerHour === undefined) return undefined;
  const nodes = pricePerHour * option.nodeCount;
  let pods = 0;
  const requests = new TemplateRequests();
  for (const pod of option.pods) {
    const { cpuMillicores, memoryBytes } = requests.of(pod);
    pods += podPrice(cpuMillicores, memoryBytes);
  }
  const ratio = (nodes + stabilization) / (pods + stabilization);
  const preferred = preferredCores(clusterNodes) * 1000;
  const cpu = option.capacity.cpuMillicores;
  const unfitness = Math.max(preferred / cpu, cpu / preferred);
  const damped = (unfitness - 1) * (1 - tanh((option.nodeCount - 1) / 15)) + 1;
  const suppressed = option.hasGpu ? 1000 : damped;
  return { nodes, pods, ratio, unfitness, suppressed, score: suppressed * ratio };
}

function preferredCores(clusterNodes: number): number {
  if (clusterNodes <= 2) return 1;
  if (clusterNodes <= 6) return 2;
  if (clusterNodes <= 20) return 4;
  if (clusterNodes <= 60) return 8;
  return clusterNodes <= 200 ? 16 : 32;
}

function cheapest(options: readonly Option[], clusterNodes: number): readonly Option[] {
  return lowest(options, (option) => priceOf(option, clusterNodes)?.score ?? Number.POSITIVE_INFINITY);
}
