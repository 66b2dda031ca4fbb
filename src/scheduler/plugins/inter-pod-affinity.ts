import type { ClusterEvent } from "../framework/cluster-event.ts";
import type { CycleState, StateData } from "../framework/cycle-state.ts";
import { definePlugin } from "../framework/plugin.ts";
import { type Status, skip, unresolvable, unschedulable } from "../framework/status.ts";
import type { AffinityTerm, NamespaceLabels } from "../snapshot/affinity-term.ts";
import type { NodeInfo } from "../snapshot/node-info.ts";
import type { PodInfo, WeightedAffinityTerm } from "../snapshot/pod-info.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import { TopologyCounts } from "./topology-counts.ts";

const name = "InterPodAffinity";
const affinityRejects = unresolvable("node(s) didn't match pod affinity rules");
const antiAffinityRejects = unschedulable("node(s) didn't match pod anti-affinity rules");
const existingRejects = unschedulable("node(s) didn't satisfy existing pods anti-affinity rules");

interface InterPodAffinityArgs {
  /** Weight of existing pods' required affinity to the pod, 0..100. Default 1. */
  readonly hardPodAffinityWeight?: number;
  readonly ignorePreferredTermsOfExistingPods?: boolean;
}

/** How many pods matter to each (topology key, value). */
class FilterState implements StateData {
  /** Existing pods' required anti-affinity terms that mean this pod. */
  readonly existing: TopologyCounts;
  /** Existing pods that match all required affinity terms, counted once per term. */
  readonly affinity: TopologyCounts;
  /** Existing pods that match a required anti-affinity term. */
  readonly antiAffinity: TopologyCounts;

  constructor(
    existing = new TopologyCounts("counts"),
    affinity = new TopologyCounts("counts"),
    antiAffinity = new TopologyCounts("counts"),
  ) {
    this.existing = existing;
    this.affinity = affinity;
    this.antiAffinity = antiAffinity;
  }

  clone(): FilterState {
    return new FilterState(this.existing.clone(), this.affinity.clone(), this.antiAffinity.clone());
  }

  /** `existing` is on `node` from now on (`sign` 1), or no longer (−1). */
  count(pod: PodInfo, existing: PodInfo, node: NodeInfo, sign: 1 | -1, namespaceLabels: NamespaceLabels): void {
    for (const term of existing.requiredAntiAffinity) {
      if (means(term, pod, namespaceLabels)) this.existing.add(node, term.topologyKey, sign);
    }
    const { requiredAffinity, requiredAntiAffinity } = pod;
    if (requiredAffinity.length > 0 && requiredAffinity.every((term) => means(term, existing, namespaceLabels))) {
      for (const term of requiredAffinity) this.affinity.add(node, term.topologyKey, sign);
    }
    for (const term of requiredAntiAffinity) {
      if (means(term, existing, namespaceLabels)) this.antiAffinity.add(node, term.topologyKey, sign);
    }
  }
}

class ScoreState implements StateData {
  readonly counts: TopologyCounts;
  constructor(counts: TopologyCounts) {
    this.counts = counts;
  }
  clone(): this {
    return this;
  }
}

function means(term: AffinityTerm, { namespace, labels }: PodInfo, namespaceLabels: NamespaceLabels): boolean {
  return term.matches(namespace, labels, namespaceLabels);
}

/** Required and preferred (anti-)affinity between pods, the incoming one's and that of the pods already there. */
export const interPodAffinity = definePlugin<InterPodAffinityArgs>({
  name,
  create: ({ hardPodAffinityWeight = 1, ignorePreferredTermsOfExistingPods = false }, { snapshot }) => {
    const { namespaceLabels } = snapshot.objects;
    return {
      name,
      preFilter: (state, pod) => {
        const counts = countForFilter(pod, snapshot);
        const { requiredAffinity, requiredAntiAffinity } = pod;
        if (counts.existing.empty && requiredAffinity.length + requiredAntiAffinity.length === 0) return skip;
        state.write(name, counts);
        return undefined;
      },
      addPod: (state, pod, added, node) => state.read<FilterState>(name)?.count(pod, added, node, 1, namespaceLabels),
      removePod: (state, pod, removed, node) =>
        state.read<FilterState>(name)?.count(pod, removed, node, -1, namespaceLabels),
      filter: (state, pod, node) => {
        const counts = state.read<FilterState>(name) ?? countForFilter(pod, snapshot);
        return rejection(counts, pod, node, namespaceLabels);
      },
      preScore: (state, pod) => {
        const preferences = pod.preferredAffinity.length + pod.preferredAntiAffinity.length;
        if (ignorePreferredTermsOfExistingPods && preferences === 0) return skip;
        const counts = countForScore(pod, snapshot, hardPodAffinityWeight);
        if (counts.empty) return skip;
        state.write(`${name}/score`, new ScoreState(counts));
        return undefined;
      },
      score: (state: CycleState, _pod, node) => state.read<ScoreState>(`${name}/score`)!.counts.sumOf(node),
      normalizeScore: (_state, _pod, scores) => stretch(scores),
      events: [
        {
          resource: "AssignedPod",
          actions: ["Add", "Delete", "UpdatePodLabel"],
          hint: (pod, event) => podEventHelps(pod, event, namespaceLabels),
        },
        { resource: "UnschedulablePod", actions: ["UpdatePodLabel"] },
        { resource: "Node", actions: ["Add", "UpdateNodeLabel"], hint: nodeEventHelps },
      ],
    };
  },
});

function countForFilter(pod: PodInfo, snapshot: Snapshot): FilterState {
  const counts = new FilterState();
  const { namespaceLabels } = snapshot.objects;
  const ownTerms = pod.requiredAffinity.length + pod.requiredAntiAffinity.length > 0;
  for (const node of ownTerms ? snapshot.nodes : snapshot.nodesWithAffinity) {
    const existing = ownTerms ? node.pods : node.podsWithRequiredAntiAffinity;
    if (existing.length === 0) continue;
    for (const other of existing) counts.count(pod, other, node, 1, namespaceLabels);
  }
  return counts;
}

function rejection(
  counts: FilterState,
  pod: PodInfo,
  node: NodeInfo,
  namespaceLabels: NamespaceLabels,
): Status | undefined {
  if (!satisfiesAffinity(counts, pod, node, namespaceLabels)) return affinityRejects;
  for (const { topologyKey } of pod.requiredAntiAffinity) {
    if (counts.antiAffinity.at(node, topologyKey) > 0) return antiAffinityRejects;
  }
  return counts.existing.anyPositive(node) ? existingRejects : undefined;
}

function satisfiesAffinity(
  { affinity }: FilterState,
  pod: PodInfo,
  node: NodeInfo,
  namespaceLabels: NamespaceLabels,
): boolean {
  let together = true;
  for (const { topologyKey } of pod.requiredAffinity) {
    if (node.labels[topologyKey] === undefined) return false;
    if (affinity.at(node, topologyKey) <= 0) together = false;
  }
  if (together) return true;
  // The first of a group that is to be near itself has nobody to be near to.
  return affinity.empty && pod.requiredAffinity.every((term) => means(term, pod, namespaceLabels));
}

function countForScore(pod: PodInfo, snapshot: Snapshot, hardWeight: number): TopologyCounts {
  const counts = new TopologyCounts("weights");
  const { namespaceLabels } = snapshot.objects;
  const preferences = pod.preferredAffinity.length + pod.preferredAntiAffinity.length > 0;
  const addIfMeant = (
    weighted: readonly WeightedAffinityTerm[],
    meant: PodInfo,
    node: NodeInfo,
    sign: 1 | -1,
  ): void => {
    for (const { term, weight } of weighted) {
      if (means(term, meant, namespaceLabels)) counts.add(node, term.topologyKey, sign * weight);
    }
  };
  for (const node of preferences ? snapshot.nodes : snapshot.nodesWithAffinity) {
    const existing = preferences ? node.pods : node.podsWithAffinity;
    if (existing.length === 0) continue;
    for (const other of existing) {
      addIfMeant(pod.preferredAffinity, other, node, 1);
      addIfMeant(pod.preferredAntiAffinity, other, node, -1);
      if (hardWeight > 0) {
        for (const term of other.requiredAffinity) {
          if (means(term, pod, namespaceLabels)) counts.add(node, term.topologyKey, hardWeight);
        }
      }
      addIfMeant(other.preferredAffinity, pod, node, 1);
      addIfMeant(other.preferredAntiAffinity, pod, node, -1);
    }
  }
  return counts;
}

/** From lowest to highest onto 0..100; all equal is 0 for all. */
function stretch(scores: number[]): void {
  let lowest = Number.POSITIVE_INFINITY;
  let highest = Number.NEGATIVE_INFINITY;
  for (const score of scores) {
    if (score < lowest) lowest = score;
    if (score > highest) highest = score;
  }
  const range = highest - lowest;
  for (let at = 0; at < scores.length; at++) {
    scores[at] = range > 0 ? Math.trunc(100 * ((scores[at]! - lowest) / range)) : 0;
  }
}

function podEventHelps(pod: PodInfo, event: ClusterEvent, namespaceLabels: NamespaceLabels): boolean {
  const { podBefore, podAfter } = event;
  const matchesAll = (other: PodInfo): boolean =>
    pod.requiredAffinity.length > 0 && pod.requiredAffinity.every((term) => means(term, other, namespaceLabels));
  const matchesAnti = (other: PodInfo): boolean =>
    pod.requiredAntiAffinity.some((term) => means(term, other, namespaceLabels));
  if (podAfter !== undefined && podBefore !== undefined) {
    if (!matchesAll(podBefore) && matchesAll(podAfter)) return true;
    return matchesAnti(podBefore) && !matchesAnti(podAfter);
  }
  if (podAfter !== undefined) return matchesAll(podAfter);
  if (podBefore === undefined) return true;
  if (matchesAnti(podBefore)) return true;
  return podBefore.requiredAntiAffinity.some((term) => means(term, pod, namespaceLabels));
}

function nodeEventHelps(pod: PodInfo, { nodeBefore, nodeAfter }: ClusterEvent): boolean {
  if (nodeAfter === undefined) return false;
  const changes = ({ topologyKey }: AffinityTerm): boolean => {
    const value = nodeAfter.labels[topologyKey];
    return nodeBefore === undefined ? value !== undefined : value !== nodeBefore.labels[topologyKey];
  };
  for (const { topologyKey } of pod.requiredAffinity) {
    if (nodeAfter.labels[topologyKey] === undefined) return antiAffinityHelped(pod, nodeBefore, nodeAfter);
  }
  if (pod.requiredAffinity.some(changes)) return true;
  return antiAffinityHelped(pod, nodeBefore, nodeAfter);
}

/** A new node is always worth a try against own anti-affinity; a changed one if a key's value changed. */
function antiAffinityHelped(pod: PodInfo, before: NodeInfo | undefined, after: NodeInfo): boolean {
  return pod.requiredAntiAffinity.some(
    ({ topologyKey }) => before === undefined || before.labels[topologyKey] !== after.labels[topologyKey],
  );
}
