import { log } from "../../sim/index.ts";
import type { ClusterEvent } from "../framework/cluster-event.ts";
import type { StateData } from "../framework/cycle-state.ts";
import { definePlugin, maxNodeScore } from "../framework/plugin.ts";
import { type Status, skip, unresolvable, unschedulable } from "../framework/status.ts";
import type { NodeInfo } from "../snapshot/node-info.ts";
import type { PodInfo } from "../snapshot/pod-info.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import {
  constraintsFor,
  countMatching,
  type DefaultConstraint,
  hasAllKeys,
  NodeInclusion,
  type SpreadConstraint,
  systemDefaults,
} from "./spread-constraints.ts";

const name = "PodTopologySpread";
const hostname = "kubernetes.io/hostname";
const missingLabel = unresolvable("node(s) didn't match pod topology spread constraints (missing required label)");
const skewed = unschedulable("node(s) didn't match pod topology spread constraints");

interface PodTopologySpreadArgs {
  readonly defaultConstraints?: readonly DefaultConstraint[];
  /** `System` (default) or `List`. */
  readonly defaultingType?: string;
}

/** Matching pods per domain, for each hard constraint. */
class FilterState implements StateData {
  readonly constraints: readonly SpreadConstraint[];
  readonly counts: readonly Map<string, number>[];

  constructor(constraints: readonly SpreadConstraint[], counts: readonly Map<string, number>[]) {
    this.constraints = constraints;
    this.counts = counts;
  }

  clone(): FilterState {
    return new FilterState(
      this.constraints,
      this.counts.map((counts) => new Map(counts)),
    );
  }

  /** `other` is on `node` from now on (`sign` 1), or no longer (−1); here terminating pods count, and `{}` matches. */
  count(pod: PodInfo, other: PodInfo, node: NodeInfo, sign: 1 | -1): void {
    if (other.namespace !== pod.namespace || !hasAllKeys(node, this.constraints)) return;
    const inclusion = new NodeInclusion(pod);
    for (const [index, constraint] of this.constraints.entries()) {
      if (!constraint.selector.matches(other.labels) || !inclusion.includes(node, constraint)) continue;
      const value = node.labels[constraint.topologyKey]!;
      const counts = this.counts[index]!;
      counts.set(value, (counts.get(value) ?? 0) + sign);
    }
  }
}

class ScoreState implements StateData {
  readonly constraints: readonly SpreadConstraint[];
  readonly counts: readonly Map<string, number>[];
  readonly weights: readonly number[];
  readonly ignored: ReadonlySet<string>;

  constructor(
    constraints: readonly SpreadConstraint[],
    counts: readonly Map<string, number>[],
    weights: readonly number[],
    ignored: ReadonlySet<string>,
  ) {
    this.constraints = constraints;
    this.counts = counts;
    this.weights = weights;
    this.ignored = ignored;
  }

  clone(): this {
    return this;
  }
}

/** Spreads matching pods evenly over topology domains: as a rule, or as a preference. */
export const podTopologySpread = definePlugin<PodTopologySpreadArgs>({
  name,
  create: ({ defaultConstraints = [], defaultingType = "System" }, { snapshot }) => {
    const system = defaultingType === "System";
    const defaults = system ? systemDefaults : defaultConstraints;
    return {
      name,
      preFilter: (state, pod) => {
        const filterState = countForFilter(pod, defaults, snapshot);
        if (filterState.constraints.length === 0) return skip;
        state.write(name, filterState);
        return undefined;
      },
      addPod: (state, pod, added, node) => state.read<FilterState>(name)?.count(pod, added, node, 1),
      removePod: (state, pod, removed, node) => state.read<FilterState>(name)?.count(pod, removed, node, -1),
      filter: (state, pod, node) => {
        const counted = state.read<FilterState>(name) ?? countForFilter(pod, defaults, snapshot);
        return rejection(counted, pod, node);
      },
      preScore: (state, pod, nodes) => {
        const own = pod.pod.spec.topologySpreadConstraints?.length ?? 0;
        const scoreState = countForScore(pod, nodes, defaults, own > 0 || !system, snapshot);
        if (scoreState === undefined) return skip;
        state.write(`${name}/score`, scoreState);
        return undefined;
      },
      score: (state, pod, node) => rawScore(state.read<ScoreState>(`${name}/score`)!, pod, node),
      normalizeScore: (state, _pod, scores, nodes) =>
        turnRound(scores, nodes, state.read<ScoreState>(`${name}/score`)!.ignored),
      events: [
        {
          resource: "AssignedPod",
          actions: ["Add", "Delete", "UpdatePodLabel"],
          hint: (pod, event) => podEventHelps(pod, event, defaults, snapshot),
        },
        {
          resource: "UnschedulablePod",
          actions: ["UpdatePodLabel"],
          hint: (pod, event) => podEventHelps(pod, event, defaults, snapshot),
        },
        {
          resource: "Node",
          actions: ["Add", "Delete", "UpdateNodeLabel", "UpdateNodeTaint"],
          hint: (pod, event) => nodeEventHelps(hard(pod, defaults, snapshot), event),
        },
      ],
    };
  },
});

function hard(pod: PodInfo, defaults: readonly DefaultConstraint[], snapshot: Snapshot): readonly SpreadConstraint[] {
  return constraintsFor(pod, "DoNotSchedule", defaults, snapshot);
}

function countForFilter(pod: PodInfo, defaults: readonly DefaultConstraint[], snapshot: Snapshot): FilterState {
  const constraints = hard(pod, defaults, snapshot);
  const counts = constraints.map(() => new Map<string, number>());
  if (constraints.length === 0) return new FilterState(constraints, counts);
  const inclusion = new NodeInclusion(pod);
  for (const node of snapshot.nodes) {
    if (!hasAllKeys(node, constraints)) continue;
    for (const [index, constraint] of constraints.entries()) {
      if (!inclusion.includes(node, constraint)) continue;
      const value = node.labels[constraint.topologyKey]!;
      const matching = countMatching(node, constraint.selector, pod.namespace);
      counts[index]!.set(value, (counts[index]!.get(value) ?? 0) + matching);
    }
  }
  return new FilterState(constraints, counts);
}

function rejection({ constraints, counts }: FilterState, pod: PodInfo, node: NodeInfo): Status | undefined {
  for (const [index, { topologyKey, selector, minDomains, maxSkew }] of constraints.entries()) {
    const value = node.labels[topologyKey];
    if (value === undefined) return missingLabel;
    const domains = counts[index]!;
    const self = selector.matches(pod.labels) ? 1 : 0;
    const skew = (domains.get(value) ?? 0) + self - smallest(domains, minDomains);
    if (skew > maxSkew) return skewed;
  }
  return undefined;
}

/** The count of the emptiest domain; 0 while there are fewer domains than wanted. */
function smallest(domains: ReadonlyMap<string, number>, minDomains: number): number {
  if (domains.size < minDomains) return 0;
  let least = 2147483647; // Upstream's MaxInt32, when there is no domain at all.
  for (const count of domains.values()) if (count < least) least = count;
  return least;
}

function countForScore(
  pod: PodInfo,
  feasible: readonly NodeInfo[],
  defaults: readonly DefaultConstraint[],
  requireAllKeys: boolean,
  snapshot: Snapshot,
): ScoreState | undefined {
  const constraints = constraintsFor(pod, "ScheduleAnyway", defaults, snapshot);
  if (constraints.length === 0) return undefined;
  const ignored = new Set<string>();
  const counts = constraints.map(() => new Map<string, number>());
  for (const node of feasible) {
    if (requireAllKeys && !hasAllKeys(node, constraints)) {
      ignored.add(node.name);
      continue;
    }
    for (const [index, { topologyKey }] of constraints.entries()) {
      if (topologyKey !== hostname) counts[index]!.set(node.labels[topologyKey] ?? "", 0);
    }
  }
  const weights = constraints.map(({ topologyKey }, index) =>
    log((topologyKey === hostname ? feasible.length - ignored.size : counts[index]!.size) + 2),
  );
  const inclusion = new NodeInclusion(pod);
  for (const node of snapshot.nodes) {
    if (requireAllKeys && !hasAllKeys(node, constraints)) continue;
    for (const [index, constraint] of constraints.entries()) {
      const domains = counts[index]!;
      const value = node.labels[constraint.topologyKey] ?? "";
      const before = domains.get(value);
      if (before === undefined || !inclusion.includes(node, constraint)) continue;
      domains.set(value, before + countMatching(node, constraint.selector, pod.namespace));
    }
  }
  return new ScoreState(constraints, counts, weights, ignored);
}

function rawScore({ constraints, counts, weights, ignored }: ScoreState, pod: PodInfo, node: NodeInfo): number {
  if (ignored.has(node.name)) return 0;
  let score = 0;
  for (const [index, { topologyKey, selector, maxSkew }] of constraints.entries()) {
    const value = node.labels[topologyKey];
    if (value === undefined) continue;
    const count = topologyKey === hostname ? countMatching(node, selector, pod.namespace) : counts[index]!.get(value)!;
    score += count * weights[index]! + (maxSkew - 1);
  }
  return Math.floor(score + 0.5); // Scores are never negative, so this rounds half away from zero.
}

/** Few matching pods are good; nodes that lack a key get nothing. */
function turnRound(scores: number[], nodes: readonly NodeInfo[], ignored: ReadonlySet<string>): void {
  let lowest = Number.POSITIVE_INFINITY;
  let highest = 0;
  for (let at = 0; at < scores.length; at++) {
    if (ignored.has(nodes[at]!.name)) continue;
    if (scores[at]! < lowest) lowest = scores[at]!;
    if (scores[at]! > highest) highest = scores[at]!;
  }
  for (let at = 0; at < scores.length; at++) {
    if (ignored.has(nodes[at]!.name)) scores[at] = 0;
    else if (highest === 0) scores[at] = maxNodeScore;
    else scores[at] = Math.trunc((maxNodeScore * (highest + lowest - scores[at]!)) / highest);
  }
}

function podEventHelps(
  pod: PodInfo,
  { podBefore, podAfter, resource }: ClusterEvent,
  defaults: readonly DefaultConstraint[],
  snapshot: Snapshot,
): boolean {
  const own = resource === "UnschedulablePod";
  if (!own && (podBefore ?? podAfter)?.namespace !== pod.namespace) return false;
  const constraints = hard(own && podAfter !== undefined ? podAfter : pod, defaults, snapshot);
  const matches = (other: PodInfo | undefined): boolean =>
    other !== undefined && constraints.some(({ selector }) => selector.matches(other.labels));
  if (podBefore !== undefined && podAfter !== undefined) {
    return constraints.some(({ selector }) => selector.matches(podBefore.labels) !== selector.matches(podAfter.labels));
  }
  return matches(podAfter) || matches(podBefore);
}

function nodeEventHelps(constraints: readonly SpreadConstraint[], { nodeBefore, nodeAfter }: ClusterEvent): boolean {
  const before = nodeBefore !== undefined && hasAllKeys(nodeBefore, constraints);
  const after = nodeAfter !== undefined && hasAllKeys(nodeAfter, constraints);
  if (nodeBefore === undefined || nodeAfter === undefined) return before || after;
  if (before !== after) return true;
  if (!after) return false;
  if (JSON.stringify(nodeBefore.taints) !== JSON.stringify(nodeAfter.taints)) return true;
  return constraints.some(({ topologyKey }) => nodeBefore.labels[topologyKey] !== nodeAfter.labels[topologyKey]);
}
