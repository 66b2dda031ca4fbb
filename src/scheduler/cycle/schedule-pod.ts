import type { Pod } from "../../model/index.ts";
import { CycleState } from "../framework/cycle-state.ts";
import type { Framework, PluginScores } from "../framework/framework.ts";
import type { PostFilterResult } from "../framework/plugin.ts";
import { isRejected, type Status } from "../framework/status.ts";
import type { NodeInfo } from "../snapshot/node-info.ts";
import type { PodInfo } from "../snapshot/pod-info.ts";
import { chooseHost } from "./choose-host.ts";
import { type FitError, nodesUnavailable } from "./fit-error.ts";
import { numFeasibleNodesToFind } from "./sampling.ts";

/** What one cycle hands on to the next, and what it may not decide by itself. */
export interface SchedulerState {
  /** Where the next search begins in the list of nodes. */
  nextStartNodeIndex: number;
  /** Of the configuration; a profile's own wins. 0: adaptive. */
  readonly percentageOfNodesToScore: number;
  /** Uniform in [0, 1): preemption's start offset and its choice among equals. */
  readonly random: () => number;
}

/** A node was found. Nothing has been assumed yet. */
export interface Scheduled {
  readonly result: "scheduled";
  readonly nodeName: string;
  /** How many nodes were found feasible; 1 when a nominated one was taken. */
  readonly feasibleNodes: number;
  /** Feasible nodes in the order examined; only the taken one when it was nominated. Reads the snapshot as it is now. */
  readonly feasible: readonly NodeInfo[];
  readonly evaluatedNodes: number;
  /** Absent when there was nothing to choose (one feasible node, or a nominated one that passed), and from `FastCycle`. */
  readonly scores?: readonly PluginScores[];
  /** Σ weight × normalized score, aligned with `feasible`. */
  readonly totals?: readonly number[];
  readonly state: CycleState;
}

/** No node fits; `postFilter` says whether room can be made. */
export interface Unschedulable {
  readonly result: "unschedulable";
  readonly fitError: FitError;
  /** Upstream's text, for the condition; see `eventMessage` for the event. */
  readonly message: string;
  readonly postFilter: PostFilterResult | undefined;
  readonly state: CycleState;
}

/** No decision. The pod counts as an error for the scheduling queue, also when there are no nodes at all. */
export interface SchedulingError {
  readonly result: "error";
  readonly message: string;
  /** True for `no nodes available to schedule pods`, whose condition has reason Unschedulable. */
  readonly noNodes: boolean;
}

export type Decision = Scheduled | Unschedulable | SchedulingError;

/** One scheduling cycle up to the choice of a node, and PostFilter when there is none. Changes only `scheduler`'s start index. */
export function schedulePod(framework: Framework, pod: PodInfo, scheduler: SchedulerState): Decision {
  const { snapshot } = framework;
  if (snapshot.nodeCount === 0) return error("no nodes available to schedule pods", true);
  const state = new CycleState();
  const found = findNodesThatFit(framework, state, pod, scheduler);
  if ("error" in found) return error(found.error, false);
  if ("fitError" in found) return unschedulable(framework, state, pod, found.fitError, scheduler);
  const { feasible, evaluatedNodes } = found;
  if (feasible.length === 1) {
    return { result: "scheduled", nodeName: feasible[0]!.name, feasibleNodes: 1, feasible, evaluatedNodes, state };
  }
  const failed = framework.runPreScore(state, pod, feasible);
  if (failed !== undefined) return error(pluginError("PreScore", failed), false);
  const scores = framework.runScore(state, pod, feasible);
  if ("code" in scores) return error(scores.reasons.join(", "), false);
  const totals = feasible.map((_node, index) =>
    // Without any score plugin every node is worth the same.
    framework.plugins.score.length === 0 ? 1 : weightedSum(scores, index),
  );
  const nodeName = feasible[chooseHost(totals)]!.name;
  return {
    result: "scheduled",
    nodeName,
    feasibleNodes: feasible.length,
    feasible,
    evaluatedNodes,
    scores,
    totals,
    state,
  };
}

const error = (message: string, noNodes: boolean): SchedulingError => ({ result: "error", message, noNodes });

const pluginError = (point: string, { plugin, reasons }: Status): string =>
  `running ${point} plugin "${plugin}": ${reasons.join(", ")}`;

/** Σ weight × normalized score of one node. */
export function weightedSum(scores: readonly PluginScores[], index: number): number {
  let sum = 0;
  for (const { weight, normalized } of scores) sum += weight * normalized[index]!;
  return sum;
}

type Found =
  | { readonly feasible: readonly NodeInfo[]; readonly evaluatedNodes: number }
  | { readonly fitError: FitError }
  | { readonly error: string };

function findNodesThatFit(framework: Framework, state: CycleState, pod: PodInfo, scheduler: SchedulerState): Found {
  const { snapshot } = framework;
  const numAllNodes = snapshot.nodeCount;
  const { nodeNames, status, narrowedBy } = framework.runPreFilter(state, pod);
  const rejectors = new Set(narrowedBy);
  if (status !== undefined) {
    if (!isRejected(status)) return { error: pluginError("PreFilter", status) };
    if (status.plugin !== undefined) rejectors.add(status.plugin);
    const preFilterMessage = status.reasons.join(", ");
    const statuses = { byNode: new Map(), absent: status };
    return { fitError: { numAllNodes, preFilterMessage, statuses, unschedulablePlugins: [...rejectors].sort() } };
  }

  const nominated = nominatedNode(framework, pod);
  if (nominated !== undefined && framework.runFiltersWithNominatedPods(state, pod, nominated) === undefined) {
    return { feasible: [nominated], evaluatedNodes: 1 };
  }

  const nodes = nodeNames === undefined ? snapshot.nodes : namedNodes(framework, nodeNames);
  const search = searchNodes(framework, state, pod, nodes, scheduler);
  if ("error" in search) return search;
  scheduler.nextStartNodeIndex = (scheduler.nextStartNodeIndex + search.evaluatedNodes) % numAllNodes;
  if (search.feasible.length > 0) return search;
  for (const { plugin } of search.rejected.values()) if (plugin !== undefined) rejectors.add(plugin);
  const absent: Status =
    nodeNames === undefined
      ? { code: "UnschedulableAndUnresolvable", reasons: [] }
      : {
          code: "UnschedulableAndUnresolvable",
          reasons: [`node(s) didn't satisfy plugin(s) [${[...narrowedBy].sort().join(" ")}]`],
        };
  const statuses = { byNode: search.rejected, absent };
  return { fitError: { numAllNodes, preFilterMessage: "", statuses, unschedulablePlugins: [...rejectors].sort() } };
}

/** The nodes of these names that exist. A DaemonSet's pod names one of thousands. */
function namedNodes({ snapshot }: Framework, names: ReadonlySet<string>): readonly NodeInfo[] {
  if (names.size > 1) return snapshot.nodes.filter(({ name }) => names.has(name));
  const [name] = names;
  const node = snapshot.node(name!);
  return node === undefined ? [] : [node];
}

function nominatedNode({ snapshot }: Framework, { pod }: PodInfo): NodeInfo | undefined {
  const name = pod.status?.nominatedNodeName ?? "";
  return name === "" ? undefined : snapshot.node(name);
}

interface Search {
  readonly feasible: readonly NodeInfo[];
  readonly rejected: ReadonlyMap<string, Status>;
  /** Feasible and rejected nodes; the surplus one that ended the search is not counted. */
  readonly evaluatedNodes: number;
}

/** Tries nodes from the start index on until one more than wanted is feasible, or all have been tried. */
function searchNodes(
  framework: Framework,
  state: CycleState,
  pod: PodInfo,
  nodes: readonly NodeInfo[],
  scheduler: SchedulerState,
): Search | { readonly error: string } {
  const percentage = framework.profile.percentageOfNodesToScore ?? scheduler.percentageOfNodesToScore;
  // Without scores the first feasible node is as good as any.
  const wanted = framework.plugins.score.length === 0 ? 1 : numFeasibleNodesToFind(nodes.length, percentage);
  const feasible: NodeInfo[] = [];
  const rejected = new Map<string, Status>();
  for (let at = 0; at < nodes.length; at++) {
    const node = nodes[(scheduler.nextStartNodeIndex + at) % nodes.length]!;
    const status = framework.runFiltersWithNominatedPods(state, pod, node);
    if (status === undefined) {
      if (feasible.length === wanted) break;
      feasible.push(node);
    } else if (isRejected(status)) {
      rejected.set(node.name, status);
    } else {
      return { error: pluginError("Filter", status) };
    }
  }
  return { feasible, rejected, evaluatedNodes: feasible.length + rejected.size };
}

function unschedulable(
  framework: Framework,
  state: CycleState,
  pod: PodInfo,
  fitError: FitError,
  { random }: SchedulerState,
): Unschedulable {
  const { numAllNodes, preFilterMessage, statuses } = fitError;
  const postFilter =
    framework.plugins.postFilter.length === 0 ? undefined : framework.runPostFilter({ state, pod, statuses, random });
  const message = nodesUnavailable(
    numAllNodes,
    preFilterMessage,
    statuses,
    postFilter?.status?.reasons.join(", ") ?? "",
  );
  return { result: "unschedulable", fitError, message, postFilter, state };
}

/** The pods to evict according to a decision; none unless it nominates a node. */
export function victimsOf(decision: Decision): readonly Pod[] {
  return decision.result === "unschedulable" ? (decision.postFilter?.victims ?? []) : [];
}
