import { findCondition, matchesLabelSelector, type Pod, type PodDisruptionBudget } from "../../model/index.ts";
import type { CycleState } from "../framework/cycle-state.ts";
import { type DryRunMemory, type NodeToStatus, type PluginHandle, statusOf } from "../framework/plugin.ts";
import { type Status, unresolvable } from "../framework/status.ts";
import type { NodeInfo } from "../snapshot/node-info.ts";
import { type PodInfo, startTimeUs } from "../snapshot/pod-info.ts";
import { nodesUnavailable } from "./fit-error.ts";

/** A node on which removing these pods would make room. */
interface PreemptionCandidate {
  readonly node: string;
  /** Most important first. */
  readonly victims: readonly PodInfo[];
  readonly numPDBViolations: number;
  /** What candidates are compared by, in order; of each, smaller is better. */
  readonly costs: readonly number[];
}

/** What the dry run on one node came to. */
export type DryRun = PreemptionCandidate | Status;

interface PreemptionArgs {
  /** Share of potential nodes to look for candidates on. Default 10. */
  readonly minCandidateNodesPercentage: number;
  /** At least so many. Default 100. */
  readonly minCandidateNodesAbsolute: number;
}

/** Everything found out about making room for a pod, before one candidate is chosen. */
class PreemptionOutcome {
  /** Nodes that were worth a try. */
  readonly potential: readonly NodeInfo[];
  readonly candidates: PreemptionCandidate[] = [];
  readonly failed: NodeInfo[] = [];
  /** Of failed nodes that were tried just now; the others' are remembered. */
  readonly statuses: Map<string, Status> = new Map();
  readonly #memory: DryRunMemory | undefined;

  constructor(potential: readonly NodeInfo[], memory: DryRunMemory | undefined) {
    this.potential = potential;
    this.#memory = memory;
  }

  /** Nodes where it would not help, and why. */
  get notHelpful(): ReadonlyMap<string, Status> {
    return new Map(
      this.failed.map(({ name, slot }) => [name, this.statuses.get(name) ?? (this.#memory!.get(slot) as Status)]),
    );
  }
}

/** A text that says why the pod may not preempt now, if it may not. */
export function ineligible(pod: PodInfo, statuses: NodeToStatus, { snapshot }: PluginHandle): string | undefined {
  if (pod.pod.spec.preemptionPolicy === "Never") return "not eligible due to preemptionPolicy=Never.";
  const nominated = pod.pod.status?.nominatedNodeName ?? "";
  const node = nominated === "" ? undefined : snapshot.node(nominated);
  if (node === undefined) return undefined;
  const status = statusOf(statuses, node);
  if (status.code === "UnschedulableAndUnresolvable") return undefined; // It will have to look elsewhere.
  for (const other of node.pods) {
    if (other.priority < pod.priority && isPreempted(other)) {
      return "not eligible due to a terminating pod on the nominated node.";
    }
  }
  return undefined;
}

/** Terminating because the scheduler preempted it. */
function isPreempted({ terminating, pod }: PodInfo): boolean {
  if (!terminating) return false;
  const condition = findCondition(pod.status?.conditions, "DisruptionTarget");
  return condition?.status === "True" && condition.reason === "PreemptionByScheduler";
}

/** Tries nodes out, from a random one on, until there are enough candidates and one of them violates no budget. */
export function findCandidates(
  handle: PluginHandle,
  state: CycleState,
  pod: PodInfo,
  statuses: NodeToStatus,
  { minCandidateNodesPercentage, minCandidateNodesAbsolute }: PreemptionArgs,
  random: () => number,
  memory?: DryRunMemory,
): PreemptionOutcome {
  const { snapshot } = handle;
  const potential =
    statuses.withCode?.("Unschedulable") ??
    snapshot.nodes.filter((node) => statusOf(statuses, node).code === "Unschedulable");
  const share = Math.trunc((potential.length * minCandidateNodesPercentage) / 100);
  const wanted = Math.min(Math.max(share, minCandidateNodesAbsolute), potential.length);
  const offset = Math.floor(random() * potential.length);
  const budgets = [...snapshot.objects.list("PodDisruptionBudget")];
  const outcome = new PreemptionOutcome(potential, memory);
  const { candidates } = outcome;
  let withoutViolation = 0;
  for (let at = 0; at < potential.length; at++) {
    const node = potential[(offset + at) % potential.length]!;
    if (memory?.failed(node.slot) === true) {
      outcome.failed.push(node);
      continue;
    }
    let result = memory?.get(node.slot);
    if (result === undefined) {
      result = dryRun(handle, state, pod, node, budgets);
      memory?.set(node.slot, result);
    }
    if (!("victims" in result)) {
      outcome.failed.push(node);
      outcome.statuses.set(node.name, result);
      continue;
    }
    candidates.push(result);
    if (result.numPDBViolations === 0) withoutViolation++;
    if (candidates.length >= wanted && withoutViolation > 0) break;
  }
  return outcome;
}

/** Removes all pods of lower priority, then puts back as many as fit, the most important first. */
function dryRun(
  handle: PluginHandle,
  cycleState: CycleState,
  pod: PodInfo,
  original: NodeInfo,
  budgets: readonly PodDisruptionBudget[],
): DryRun {
  const [node, state] = [original.clone(), cycleState.clone()];
  const remove = (victim: PodInfo): void => {
    node.removePod(victim.key);
    handle.runPreFilterRemovePod(state, pod, victim, node);
  };
  const lower = node.pods.filter(({ priority }) => priority < pod.priority);
  if (lower.length === 0) return unresolvable("No preemption victims found for incoming pod");
  for (const victim of lower) remove(victim);
  const status = handle.runFiltersWithNominatedPods(state, pod, node);
  if (status !== undefined) return status;

  sortByImportance(lower);
  const { violating, others } = splitByBudget(lower, budgets);
  const victims: PodInfo[] = [];
  let numPDBViolations = 0;
  const reprieve = (candidate: PodInfo): boolean => {
    node.addPod(candidate);
    handle.runPreFilterAddPod(state, pod, candidate, node);
    if (handle.runFiltersWithNominatedPods(state, pod, node) === undefined) return true;
    remove(candidate);
    victims.push(candidate);
    return false;
  };
  for (const candidate of violating) if (!reprieve(candidate)) numPDBViolations++;
  for (const candidate of others) reprieve(candidate);
  if (violating.length > 0 && others.length > 0) sortByImportance(victims);
  if (victims.length === 0)
    return { code: "Error", reasons: [`expected at least one victim pod on node "${node.name}"`] };
  return { node: node.name, victims, numPDBViolations, costs: costsOf(victims, numPDBViolations) };
}

/** Higher priority first, then whoever started earlier. */
function isMoreImportant(left: PodInfo, right: PodInfo): boolean {
  if (left.priority !== right.priority) return left.priority > right.priority;
  const [a, b] = [startTimeUs(left.pod), startTimeUs(right.pod)];
  // Upstream reads the clock for a pod that has not started, for the left one first: of two such pods the left one is earlier.
  return a < b || (a === Number.POSITIVE_INFINITY && b === Number.POSITIVE_INFINITY);
}

/** Upstream's insertion sort, because its result among pods that have not started depends on the way it compares. */
function sortByImportance(pods: PodInfo[]): void {
  for (let at = 1; at < pods.length; at++) {
    for (let to = at; to > 0 && isMoreImportant(pods[to]!, pods[to - 1]!); to--) {
      [pods[to], pods[to - 1]] = [pods[to - 1]!, pods[to]!];
    }
  }
}

/** Pods whose eviction would overdraw a budget, all of them going in order of importance. */
function splitByBudget(
  pods: readonly PodInfo[],
  budgets: readonly PodDisruptionBudget[],
): { readonly violating: readonly PodInfo[]; readonly others: readonly PodInfo[] } {
  const allowed = budgets.map(({ status }) => status?.disruptionsAllowed ?? 0);
  const violating: PodInfo[] = [];
  const others: PodInfo[] = [];
  for (const pod of pods) {
    let violates = false;
    for (const [index, budget] of budgets.entries()) {
      if (!covers(budget, pod)) continue;
      allowed[index]!--;
      if (allowed[index]! < 0) violates = true;
    }
    (violates ? violating : others).push(pod);
  }
  return { violating, others };
}

/** A budget without a selector, or with an empty one, covers nobody here; pods already disrupted are not counted again. */
function covers({ metadata, spec, status }: PodDisruptionBudget, pod: PodInfo): boolean {
  if (Object.keys(pod.labels).length === 0) return false;
  if ((metadata.namespace ?? "default") !== pod.namespace) return false;
  const { selector } = spec;
  const size = Object.keys(selector?.matchLabels ?? {}).length + (selector?.matchExpressions?.length ?? 0);
  if (size === 0 || !matchesLabelSelector(selector, pod.labels)) return false;
  return status?.disruptedPods?.[pod.name] === undefined;
}

/** Upstream adds 2^31 to each priority, so that more victims are worse even at negative ones. */
const priorityOffset = 2147483648;

/** Budgets violated, highest priority, sum of priorities, number, and the earliest start of the highest (later is better). */
function costsOf(victims: readonly PodInfo[], numPDBViolations: number): readonly number[] {
  const sum = victims.reduce((total, { priority }) => total + priority + priorityOffset, 0);
  return [numPDBViolations, victims[0]!.priority, sum, victims.length, -earliestStartOfHighest(victims)];
}

function earliestStartOfHighest(victims: readonly PodInfo[]): number {
  const highest = victims[0]!.priority;
  let earliest = Number.POSITIVE_INFINITY;
  for (const { priority, pod } of victims) if (priority === highest) earliest = Math.min(earliest, startTimeUs(pod));
  return earliest;
}

/** Candidates that upstream may choose: equal ones are chosen among by chance. */
export function bestCandidates(candidates: readonly PreemptionCandidate[]): readonly PreemptionCandidate[] {
  let best = candidates[0]!;
  for (const candidate of candidates) if (compareCosts(candidate.costs, best.costs) < 0) best = candidate;
  return candidates.filter(({ costs }) => compareCosts(costs, best.costs) === 0);
}

function compareCosts(left: readonly number[], right: readonly number[]): number {
  for (let at = 0; at < left.length; at++) {
    if (left[at]! !== right[at]!) return left[at]! < right[at]! ? -1 : 1;
  }
  return 0;
}

/** What preemption says when no node helps. */
export function noCandidates(outcome: PreemptionOutcome, numAllNodes: number): string {
  const absent = unresolvable("Preemption is not helpful for scheduling");
  return nodesUnavailable(numAllNodes, "", { byNode: outcome.notHelpful, absent }, "");
}

export function victimPods({ victims }: PreemptionCandidate): Pod[] {
  return victims.map(({ pod }) => pod);
}
