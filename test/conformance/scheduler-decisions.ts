import type { Pod } from "../../src/model/index.ts";
import {
  CycleState,
  type Decision,
  type Framework,
  podInfo,
  type PluginScores,
  schedulePod,
  type Status,
} from "../../src/scheduler/index.ts";
import { bestCandidates, findCandidates } from "../../src/scheduler/cycle/preemption.ts";
import { type CaseResult, firstDifference } from "./area.ts";
import { completed, type RecordedCluster, schedulerOf, snapshotOf } from "./scheduler-cluster.ts";

interface RecordedStatus {
  readonly plugin?: string;
  readonly code: string;
  readonly reasons?: readonly string[];
}

type Verdicts = Readonly<Record<string, RecordedStatus>>;

export interface RecordedPreemption {
  readonly potentialNodes?: readonly string[];
  readonly candidates?: readonly { node: string; victims: readonly string[]; numPDBViolations: number }[];
  readonly notHelpful?: Verdicts;
  readonly best?: readonly string[];
  readonly status: RecordedStatus;
  readonly nominating: string;
}

interface DecisionCase {
  readonly name: string;
  readonly group: string;
  readonly cluster: RecordedCluster;
  readonly config?: unknown;
  readonly pod: Pod;
  readonly expect: {
    readonly preFilter?: { skipped?: readonly string[]; status?: RecordedStatus; nodeNames?: readonly string[] };
    readonly rejected?: Verdicts;
    readonly eachFilter?: Readonly<Record<string, Verdicts>>;
    readonly feasible: readonly string[];
    readonly preScoreSkipped?: readonly string[];
    readonly scores?: Readonly<Record<string, { weight: number; raw: readonly number[]; normalized: readonly number[] }>>;
    readonly total?: readonly number[];
    readonly best?: readonly string[];
    readonly chosen?: string;
    readonly message?: string;
    readonly unschedulablePlugins?: readonly string[];
    readonly error?: string;
    readonly preemption?: RecordedPreemption;
  };
}

export function replayDecision(recorded: DecisionCase): CaseResult {
  const { group, name: id, expect } = recorded;
  const got = decide(recorded);
  const difference =
    firstDifference(expected(expect), got) ?? (expect.best === undefined ? undefined : bestDiffers(expect.best, recorded));
  return difference === undefined ? { group, id } : { group, id, difference };
}

/** What is compared as it stands; `best` holds the set of right answers, of which ours must be one. */
function expected(expect: DecisionCase["expect"]): Record<string, unknown> {
  const { best: _best, chosen, preemption, rejected, eachFilter, preFilter, ...rest } = expect;
  return {
    ...rest,
    feasible: expect.feasible,
    preFilter: preFilter === undefined ? undefined : { ...preFilter, status: sortedReasons(preFilter.status) },
    rejected: sortedVerdicts(rejected),
    eachFilter: eachFilter === undefined ? undefined : mapValues(eachFilter, sortedVerdicts),
    chosen: chosen,
    preemption: preemption === undefined ? undefined : comparable(preemption),
  };
}

/** Reasons of several scalar resources come in map order upstream. */
function sortedReasons<S extends RecordedStatus>(status: S | undefined): S | undefined {
  return status === undefined ? undefined : { ...status, reasons: [...(status.reasons ?? [])].sort() };
}

function sortedVerdicts(verdicts: Verdicts | undefined): Verdicts | undefined {
  return verdicts === undefined ? undefined : mapValues(verdicts, (status) => sortedReasons(status)!);
}

function mapValues<V, W>(object: Readonly<Record<string, V>>, change: (value: V) => W): Record<string, W> {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));
}

const emptyToUndefined = <T extends object>(object: T): T | undefined =>
  Object.keys(object).length === 0 ? undefined : object;

function statusOf({ code, reasons, plugin }: Status): RecordedStatus {
  return sortedReasons({ code, reasons, ...(plugin === undefined ? {} : { plugin }) })!;
}

function decide(recorded: DecisionCase): Record<string, unknown> {
  const snapshot = snapshotOf(recorded.cluster);
  const { configuration, framework } = schedulerOf(recorded.config, snapshot);
  const pod = podInfo(completed("Pod", recorded.pod));
  const scheduler = {
    nextStartNodeIndex: 0,
    percentageOfNodesToScore: configuration.percentageOfNodesToScore,
    random: () => 0,
  };
  const decision = schedulePod(framework, pod, scheduler);
  if (decision.result === "error") return { feasible: [], message: decision.message, error: decision.message };
  const preFilter = describePreFilter(framework, recorded);
  const each = recorded.expect.eachFilter === undefined ? {} : { eachFilter: eachFilterAlone(framework, recorded) };
  if (decision.result === "unschedulable") {
    const { fitError, message } = decision;
    const rejected = mapValues(Object.fromEntries(fitError.statuses.byNode), statusOf);
    return {
      feasible: [],
      preFilter,
      ...each,
      rejected: emptyToUndefined(rejected),
      message,
      unschedulablePlugins: fitError.unschedulablePlugins,
      preemption: describePreemption(framework, pod, decision, recorded.expect.preemption),
    };
  }
  const { scores, totals, nodeName, state } = decision;
  if (framework.plugins.score.length === 0) return withoutScores(framework, recorded, preFilter);
  const { feasible } = decision;
  const wasNominated = scores === undefined && pod.pod.status.nominatedNodeName === nodeName;
  return {
    feasible: feasible.map(({ name }) => name),
    preFilter,
    ...each,
    rejected: wasNominated ? undefined : emptyToUndefined(rejectedBeside(framework, recorded)),
    preScoreSkipped: scores === undefined ? undefined : [...state.skipScore].sort(),
    scores: scores === undefined ? undefined : describeScores(scores),
    total: totals,
    chosen: scores === undefined ? undefined : nodeName,
  };
}

/** The recording examines all nodes even where the scheduler stops at the first, since none can be better. */
function withoutScores(framework: Framework, recorded: DecisionCase, preFilter: unknown): Record<string, unknown> {
  const rejected = rejectedBeside(framework, recorded);
  const feasible = framework.snapshot.nodes.map(({ name }) => name).filter((name) => rejected[name] === undefined);
  return { feasible, preFilter, rejected: emptyToUndefined(rejected), total: feasible.map(() => 0) };
}

function describeScores(scores: readonly PluginScores[]): Record<string, unknown> {
  return Object.fromEntries(
    scores.map(({ plugin, weight, raw, normalized }) => [plugin, { weight, raw, normalized }]),
  );
}

function describePreFilter(framework: Framework, recorded: DecisionCase): Record<string, unknown> {
  const state = new CycleState();
  const pod = podInfo(completed("Pod", recorded.pod));
  const { status, nodeNames } = framework.runPreFilter(state, pod);
  return {
    skipped: state.skipFilter.size === 0 ? undefined : [...state.skipFilter].sort(),
    status: status === undefined ? undefined : statusOf(status),
    nodeNames: status !== undefined || nodeNames === undefined ? undefined : [...nodeNames].sort(),
  };
}

function rejectedBeside(framework: Framework, recorded: DecisionCase): Verdicts {
  const state = new CycleState();
  const pod = podInfo(completed("Pod", recorded.pod));
  const { nodeNames } = framework.runPreFilter(state, pod);
  const rejected: Record<string, RecordedStatus> = {};
  for (const node of framework.snapshot.nodes) {
    if (nodeNames !== undefined && !nodeNames.has(node.name)) continue;
    const status = framework.runFiltersWithNominatedPods(state, pod, node);
    if (status !== undefined) rejected[node.name] = statusOf(status);
  }
  return rejected;
}

function eachFilterAlone(framework: Framework, recorded: DecisionCase): Record<string, Verdicts> | undefined {
  const pod = podInfo(completed("Pod", recorded.pod));
  const verdicts: Record<string, Verdicts> = {};
  for (const plugin of framework.plugins.filter) {
    const state = new CycleState();
    const { nodeNames } = framework.runPreFilter(state, pod);
    if (state.skipFilter.has(plugin.name)) continue;
    const ofPlugin: Record<string, RecordedStatus> = {};
    for (const node of framework.snapshot.nodes) {
      if (nodeNames !== undefined && !nodeNames.has(node.name)) continue;
      const status = plugin.filter!(state, pod, node);
      if (status !== undefined) ofPlugin[node.name] = statusOf(status);
    }
    if (Object.keys(ofPlugin).length > 0) verdicts[plugin.name] = ofPlugin;
  }
  return verdicts;
}

function bestDiffers(best: readonly string[], recorded: DecisionCase): string | undefined {
  const snapshot = snapshotOf(recorded.cluster);
  const { configuration, framework } = schedulerOf(recorded.config, snapshot);
  const decision = schedulePod(framework, podInfo(completed("Pod", recorded.pod)), {
    nextStartNodeIndex: 0,
    percentageOfNodesToScore: configuration.percentageOfNodesToScore,
    random: () => 0,
  });
  if (framework.plugins.score.length === 0 && decision.result === "scheduled") {
    return best.includes(decision.nodeName) ? undefined : `$.best: ${decision.nodeName} is none of ${best.join(", ")}`;
  }
  return firstDifference([...best].sort(), bestOf(decision), "$.best");
}

/** All nodes with the highest total; the only one when there was nothing to choose. */
export function bestOf(decision: Decision): string[] {
  if (decision.result !== "scheduled") return [];
  const { totals, feasible, nodeName } = decision;
  if (totals === undefined) return [nodeName];
  const highest = Math.max(...totals);
  return feasible.filter((_node, index) => totals[index] === highest).map(({ name }) => name).sort();
}

/** Everything upstream found out about preemption, in an order that does not depend on chance. */
export function comparable({ potentialNodes, candidates, notHelpful, best, status, nominating }: RecordedPreemption): unknown {
  return {
    potentialNodes: potentialNodes === undefined ? undefined : [...potentialNodes].sort(),
    candidates:
      candidates === undefined ? undefined : Object.fromEntries(candidates.map(({ node, ...rest }) => [node, rest])),
    notHelpful: sortedVerdicts(notHelpful),
    best: best === undefined ? undefined : [...best].sort(),
    status,
    nominating,
  };
}

/** What we find out in the same words; all nodes are tried, as in the recording. */
export function describePreemption(
  framework: Framework,
  pod: ReturnType<typeof podInfo>,
  decision: Decision,
  wanted: RecordedPreemption | undefined,
): unknown {
  if (decision.result !== "unschedulable" || decision.postFilter === undefined) return undefined;
  const { postFilter, fitError } = decision;
  const { status, nominatedNodeName } = postFilter;
  const nominating = nominatedNodeName === undefined ? "keep" : nominatedNodeName === "" ? "clear" : "set";
  const tried = wanted?.potentialNodes !== undefined;
  const all = { minCandidateNodesPercentage: 100, minCandidateNodesAbsolute: 1_000_000 };
  const outcome = tried ? findCandidates(framework.handle, decision.state, pod, fitError.statuses, all, () => 0) : undefined;
  const described = {
    potentialNodes: outcome?.potential.map(({ name }) => name),
    candidates: outcome?.candidates.map(({ node, victims, numPDBViolations }) => ({
      node,
      victims: victims.map(({ key }) => key),
      numPDBViolations,
    })),
    notHelpful: outcome === undefined ? undefined : mapValues(Object.fromEntries(outcome.notHelpful), statusOf),
    best: outcome === undefined ? undefined : bestCandidates(outcome.candidates).map(({ node }) => node),
    status: status === undefined ? { code: "Success" } : { code: status.code, plugin: status.plugin, reasons: status.reasons },
    nominating,
  };
  const absent = (key: "candidates" | "notHelpful" | "best"): boolean => wanted?.[key] === undefined;
  if (absent("candidates") && described.candidates?.length === 0) described.candidates = undefined;
  if (absent("best") && described.best?.length === 0) described.best = undefined;
  if (absent("notHelpful") && Object.keys(described.notHelpful ?? {}).length === 0) described.notHelpful = undefined;
  return comparable(described as RecordedPreemption);
}
