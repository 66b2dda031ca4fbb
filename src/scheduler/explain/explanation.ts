import { keyOf } from "../../model/index.ts";
import { type Decision, type SchedulerState, schedulePod, victimsOf } from "../cycle/schedule-pod.ts";
import { CycleState } from "../framework/cycle-state.ts";
import type { Framework, Implementing, PreFilterOutcome } from "../framework/framework.ts";
import { byPlugin, type Status, unresolvable } from "../framework/status.ts";
import type { NodeInfo } from "../snapshot/node-info.ts";
import type { PodInfo } from "../snapshot/pod-info.ts";
import { type Missing, missingOn } from "./missing.ts";
import { type Remedy, remediesOf } from "./remedies.ts";

/** What one plugin made of one node. */
interface ExplainedScore {
  readonly plugin: string;
  readonly raw: number;
  readonly normalized: number;
  readonly weight: number;
  /** `weight` × `normalized`. */
  readonly weighted: number;
}

interface ExplainedVerdict {
  readonly plugin: string;
  readonly code: string;
  readonly reasons: readonly string[];
  readonly missing: readonly Missing[];
}

/** One node as the cycle saw it. */
export interface ExplainedNode {
  readonly node: string;
  /** Whether the cycle looked at it before it had found enough nodes. */
  readonly sampled: boolean;
  /** Every plugin that rejects it, though a cycle stops at the first; empty: it passes. */
  readonly rejections: readonly ExplainedVerdict[];
  /** By plugin; empty when there was nothing to choose. */
  readonly scores: readonly ExplainedScore[];
  readonly total: number | undefined;
  /** It has the highest total, alone or with others. */
  readonly best: boolean;
  readonly chosen: boolean;
}

/** Why a pod goes where it goes, or nowhere. */
export interface Explanation {
  readonly pod: string;
  readonly schedulerName: string;
  readonly result: Decision["result"];
  readonly nodeName: string | undefined;
  /** Upstream's text when no node was found. */
  readonly message: string | undefined;
  /** Nodes that were examined, and those of them that passed. */
  readonly evaluatedNodes: number;
  readonly feasibleNodes: number;
  /** In the order in which the cycle looks at them. */
  readonly nodes: readonly ExplainedNode[];
  readonly preemption: { readonly nominatedNodeName: string; readonly victims: readonly string[] } | undefined;
  /** For a pod without a node: what would give it one. */
  readonly remedies: readonly Remedy[];
}

/**
 * Decides again by the plain code, whatever it costs, and keeps what every plugin said of every node. `made` is the decision that
 * was taken in the same situation, if one was: its choices by chance stand. Changes nothing.
 */
export function explain(framework: Framework, pod: PodInfo, scheduler: SchedulerState, made?: Decision): Explanation {
  const plain = schedulePod(framework, pod, { ...scheduler, random: made === undefined ? scheduler.random : () => 0 });
  const decision = made ?? plain;
  const evaluatedNodes = evaluatedBy(plain, framework);
  const nodes = explainNodes(framework, pod, scheduler.nextStartNodeIndex, plain, decision);
  const victims = victimsOf(decision);
  return {
    pod: pod.key,
    schedulerName: framework.profile.schedulerName,
    result: decision.result,
    nodeName: decision.result === "scheduled" ? decision.nodeName : undefined,
    message: decision.result === "scheduled" ? undefined : decision.message,
    evaluatedNodes,
    feasibleNodes: plain.result === "scheduled" ? plain.feasibleNodes : 0,
    nodes,
    preemption:
      victims.length === 0 || decision.result !== "unschedulable"
        ? undefined
        : { nominatedNodeName: decision.postFilter!.nominatedNodeName!, victims: victims.map(keyOf) },
    remedies:
      decision.result === "scheduled"
        ? []
        : remediesOf(
            nodes.map(({ node, rejections }) => ({ node, missing: rejections.flatMap(({ missing }) => missing) })),
          ),
  };
}

function evaluatedBy(decision: Decision, { snapshot }: Framework): number {
  if (decision.result === "scheduled") return decision.evaluatedNodes;
  return decision.result === "error" || decision.fitError.preFilterMessage !== "" ? 0 : snapshot.nodeCount;
}

function explainNodes(
  framework: Framework,
  pod: PodInfo,
  startIndex: number,
  plain: Decision,
  decision: Decision,
): readonly ExplainedNode[] {
  const { nodes } = framework.snapshot;
  const state = new CycleState();
  const preFilter = framework.runPreFilter(state, pod);
  const inOrder = nodes.map((_node, at) => nodes[(startIndex + at) % nodes.length]!);
  const { nodeNames } = preFilter;
  const candidates = nodeNames === undefined ? inOrder : inOrder.filter(({ name }) => nodeNames.has(name));
  const nominated = plain.result === "scheduled" && plain.evaluatedNodes === 1 ? plain.nodeName : undefined;
  const sampled = new Set(nominated === undefined ? candidates.slice(0, evaluatedBy(plain, framework)) : []);
  const places = new Map(plain.result === "scheduled" ? plain.feasible.map(({ name }, at) => [name, at] as const) : []);
  const { totals, scores = [] } = plain.result === "scheduled" ? plain : {};
  const highest = totals === undefined ? undefined : Math.max(...totals);
  const chosen = decision.result === "scheduled" ? decision.nodeName : undefined;
  return inOrder.map((node) => {
    const place = places.get(node.name);
    const total = place === undefined ? undefined : totals?.[place];
    return {
      node: node.name,
      sampled: sampled.has(node) || node.name === nominated,
      rejections: rejectionsOf(framework, state, preFilter, pod, node),
      scores:
        place === undefined
          ? []
          : scores.map(({ plugin, weight, raw, normalized }) => ({
              plugin,
              raw: raw[place]!,
              normalized: normalized[place]!,
              weight,
              weighted: weight * normalized[place]!,
            })),
      total,
      best: total === undefined ? node.name === chosen : total === highest,
      chosen: node.name === chosen,
    };
  });
}

/** Asks every Filter plugin, also after one has rejected the node. */
function rejectionsOf(
  framework: Framework,
  state: CycleState,
  { nodeNames, status, narrowedBy }: PreFilterOutcome,
  pod: PodInfo,
  node: NodeInfo,
): readonly ExplainedVerdict[] {
  const verdict = (said: Status): ExplainedVerdict => ({
    plugin: said.plugin ?? "",
    code: said.code,
    reasons: said.reasons,
    missing: missingOn(said, pod, node),
  });
  if (status !== undefined) return [verdict(status)];
  if (nodeNames !== undefined && !nodeNames.has(node.name)) {
    return [verdict(byPlugin(unresolvable("the pod names other nodes"), narrowedBy.join(" ")))];
  }
  const verdicts: ExplainedVerdict[] = [];
  for (const plugin of framework.plugins.filter as readonly Implementing<"filter">[]) {
    if (state.skipFilter.has(plugin.name)) continue;
    const said = plugin.filter(state, pod, node);
    if (said !== undefined) verdicts.push(verdict(byPlugin(said, plugin.name)));
  }
  if (verdicts.length > 0) return verdicts;
  const held = framework.runFiltersWithNominatedPods(state, pod, node);
  return held === undefined ? [] : [verdict({ ...held, reasons: ["room held for nominated pods"], plugin: "" })];
}
