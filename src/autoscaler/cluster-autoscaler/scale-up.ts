import { milliValue, type Node, type Pod, podRequests, value } from "../../model/index.ts";
import { type ClusterSnapshot, infoOf } from "./cluster-snapshot.ts";
import type { ClusterState } from "./cluster-state.ts";
import { type Estimate, estimate, nodeLimit } from "./estimator.ts";
import { applyChain, type Market, type Option } from "./expanders.ts";
import type { NodeGroup, NodeGroups } from "./node-groups.ts";
import type { AutoscalingOptions } from "./options.ts";
import { hasGpuLabel } from "./readiness.ts";
import { ResourceRoom } from "./resource-limits.ts";
import { balance, type ScaleUpInfo, similarTemplates } from "./similar-groups.ts";
import { equivalenceGroups, type PodOfKind } from "./similar-pods.ts";
import type { NodeTemplate } from "./template-nodes.ts";

/** A pod that no group could help, and why: the scheduler's words, or why the group was not asked. */
export interface UnhelpedPod {
  readonly pod: Pod;
  readonly rejected: ReadonlyMap<string, readonly string[]>;
  readonly skipped: ReadonlyMap<string, readonly string[]>;
}

/** What to buy for the pods that wait. No `scaleUps`: nothing helps. */
export interface ScaleUpPlan {
  readonly scaleUps: readonly ScaleUpInfo[];
  readonly helped: readonly Pod[];
  readonly awaiting: readonly Pod[];
  readonly unhelped: readonly UnhelpedPod[];
  /** The cluster is full: `--max-nodes-total`. */
  readonly limited: boolean;
  /** Template of the group that was chosen. */
  readonly failure?: string;
}

export interface ScaleUpInput {
  readonly pods: readonly PodOfKind[];
  readonly snapshot: ClusterSnapshot;
  readonly groups: NodeGroups;
  readonly templates: ReadonlyMap<string, NodeTemplate>;
  readonly state: ClusterState;
  readonly options: AutoscalingOptions;
  /** Nodes that count against limits. */
  readonly nodes: readonly Node[];
  readonly nodeCount: number;
  readonly market: Market;
  /** Decides among the groups that the expanders leave: an index. */
  readonly choose: (groups: readonly string[]) => number;
  readonly nowUs: number;
}

interface WaitingGroup {
  readonly pods: Pod[];
  readonly rejected: Map<string, readonly string[]>;
  schedulable: boolean;
}

/** One option for all pods that wait: groups that may grow, what each would hold, the expanders' choice, and its split. */
export function planScaleUp(input: ScaleUpInput): ScaleUpPlan {
  const { options, groups, state, nowUs, templates } = input;
  const waiting: WaitingGroup[] = equivalenceGroups(input.pods).map(({ pods }) => ({
    pods,
    rejected: new Map(),
    schedulable: false,
  }));
  const room = ResourceRoom.upTo(options, input.nodes);
  const skipped = new Map<string, readonly string[]>();
  const valid: NodeGroup[] = [];
  for (const group of groups) {
    const reason = skipReason(group, input, room);
    if (reason === undefined) valid.push(group);
    else skipped.set(group.spec.id, [reason]);
  }
  const schedulable = new Map<string, WaitingGroup[]>();
  for (const { spec } of valid) schedulable.set(spec.id, helpedBy(spec.id, waiting, input));
  const similarTo = (group: NodeGroup): NodeGroup[] => similarGroups(group, input, schedulable);
  const choices: Option[] = [];
  for (const group of valid) {
    const option = optionOf(group, schedulable.get(group.spec.id)!, similarTo(group), input);
    if (option !== undefined) choices.push(option);
  }
  const unhelped = (): UnhelpedPod[] =>
    waiting
      .filter((group) => !group.schedulable)
      .flatMap(({ pods, rejected }) => pods.map((pod) => ({ pod, rejected, skipped })));
  const nothing = { scaleUps: [], helped: [], awaiting: [], limited: false };
  const left = applyChain(options.expanders, choices, input.market);
  if (left.length === 0) return { ...nothing, unhelped: unhelped() };
  const best = left.length === 1 ? left[0]! : left[input.choose(left.map(({ group }) => group.spec.id))]!;
  const { id } = best.group.spec;
  let wanted = best.nodeCount;
  let limited = false;
  if (options.maxNodesTotal > 0 && wanted + input.nodeCount > options.maxNodesTotal) {
    wanted = options.maxNodesTotal - input.nodeCount;
    limited = true;
    if (wanted < 1) return { ...nothing, limited, unhelped: [], failure: "max node total count already reached" };
  }
  wanted = room.allowed(templates.get(id)!.node, wanted);
  const targets = [best.group, ...similarTo(best.group)].filter((group) => state.isSafeToScaleUp(group, nowUs));
  const awaiting = waiting.filter((group) => group.schedulable && group.rejected.has(id)).flatMap(({ pods }) => pods);
  return { scaleUps: balance(targets, wanted), helped: best.pods, awaiting, unhelped: unhelped(), limited };
}

function skipReason(group: NodeGroup, input: ScaleUpInput, room: ResourceRoom): string | undefined {
  const { state, options, nowUs, templates, nodeCount } = input;
  if (!state.isGroupHealthy(group)) return "not ready for scale-up";
  if (state.backoff.isBackedOff(group.spec.id, nowUs)) return "in backoff after failed scale-up";
  if (group.target >= group.max) return "max node group size reached";
  const count = group.spec.zeroOrMax === true ? group.max - group.target : 1;
  if (group.spec.zeroOrMax === true && options.maxNodesTotal > 0 && nodeCount + count > options.maxNodesTotal) {
    return "atomic scale-up exceeds cluster node count limit";
  }
  const template = templates.get(group.spec.id);
  if (template === undefined) return "not ready for scale-up";
  const exceeded = room.exceededBy(template.node, count);
  return exceeded.length === 0 ? undefined : `exceeded quota: "cluster-wide", resources: ${exceeded.join(", ")}`;
}

/** The groups of pods whose first would fit a new node; the others learn why not. */
function helpedBy(id: string, waiting: readonly WaitingGroup[], { snapshot, templates }: ScaleUpInput): WaitingGroup[] {
  const { node, pods } = templates.get(id)!;
  snapshot.fork();
  snapshot.addNode(node, pods);
  const helped: WaitingGroup[] = [];
  for (const group of waiting) {
    const status = snapshot.check(infoOf(group.pods[0]!), node.metadata.name);
    if (status === undefined) {
      group.schedulable = true;
      helped.push(group);
    } else {
      group.rejected.set(id, status.reasons);
    }
  }
  snapshot.revert();
  return helped;
}

function similarGroups(
  group: NodeGroup,
  { options, groups, templates, state, nowUs }: ScaleUpInput,
  schedulable: ReadonlyMap<string, readonly WaitingGroup[]>,
): NodeGroup[] {
  const { id } = group.spec;
  const mine = schedulable.get(id);
  if (!options.balanceSimilarNodeGroups || group.spec.zeroOrMax === true || mine === undefined || mine.length === 0) {
    return [];
  }
  const similar: NodeGroup[] = [];
  for (const other of groups) {
    if (other === group || !templates.has(other.spec.id)) continue;
    const alike = similarTemplates(templates.get(id)!, templates.get(other.spec.id)!, options.balancingIgnoreLabels);
    if (!alike || !state.isSafeToScaleUp(other, nowUs)) continue;
    const theirs = new Set(schedulable.get(other.spec.id) ?? []);
    if (mine.every((pods) => theirs.has(pods))) similar.push(other);
  }
  return similar;
}

function optionOf(
  group: NodeGroup,
  waiting: readonly WaitingGroup[],
  similar: readonly NodeGroup[],
  { options, snapshot, templates, nodeCount }: ScaleUpInput,
): Option | undefined {
  if (waiting.length === 0) return undefined;
  const template = templates.get(group.spec.id)!;
  const maxNodes = nodeLimit({
    maxNodesPerScaleUp: options.maxNodesPerScaleUp,
    room: [group, ...similar].map(({ max, target }) => max - target),
    maxNodesTotal: options.maxNodesTotal,
    currentNodes: nodeCount,
  });
  const found = estimate({ snapshot, template, groups: waiting, maxNodes, fastpath: options.fastpathBinpacking });
  if (found.nodeCount === 0 || found.pods.length === 0) return undefined;
  const capacity = template.node.status.capacity ?? {};
  return {
    group,
    nodeCount: group.spec.zeroOrMax === true ? group.max : found.nodeCount,
    pods: found.pods,
    requested: requestedBy(found.counts),
    similar,
    capacity: { cpuMillicores: milliValue(capacity["cpu"] ?? "0"), memoryBytes: value(capacity["memory"] ?? "0") },
    hasGpu: hasGpuLabel(template.node),
  };
}

/** What the pods of an estimate ask for together. */
function requestedBy(counts: Estimate["counts"]): Option["requested"] {
  let cpuMillicores = 0;
  let memoryBytes = 0;
  for (const { sample, count } of counts) {
    const requests = podRequests(sample);
    cpuMillicores += count * requests.cpuMillicores;
    memoryBytes += count * requests.memoryBytes;
  }
  return { cpuMillicores, memoryBytes };
}
