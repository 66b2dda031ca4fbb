import {
  type LabelSelector,
  matchesLabelSelector,
  milliValue,
  type Pod,
  type PodAffinityTerm,
  podRequests,
  value,
} from "../../model/index.ts";
import type { ClusterSnapshot } from "./cluster-snapshot.ts";
import { type NewNodes, PlainNodes, SnapshotNodes } from "./new-nodes.ts";
import type { PodGroup } from "./similar-pods.ts";
import type { NodeTemplate } from "./template-nodes.ts";

/** How many nodes a group of machines would need for these pods, and which of them would find a place. */
export interface Estimate {
  /** New nodes that hold at least one pod. */
  readonly nodeCount: number;
  /** In the order of placement. */
  readonly pods: readonly Pod[];
  /** How many of `pods` are like which. */
  readonly counts: readonly { readonly sample: Pod; readonly count: number }[];
  /** Name of the node of each pod, in the order of `pods`; absent for those assumed without simulation. */
  readonly places: readonly (string | undefined)[];
  /** Names of the nodes that were added, in order. */
  readonly newNodes: readonly string[];
}

export interface EstimateInput {
  readonly snapshot: ClusterSnapshot;
  readonly template: NodeTemplate;
  readonly groups: readonly PodGroup[];
  /** Nodes that may be added; see `nodeLimit`. */
  readonly maxNodes: number;
  readonly fastpath?: boolean;
}

/** The threshold limiter: the least of all limits that are set, where 0 and less mean that nothing is left. */
export function nodeLimit(limits: {
  readonly maxNodesPerScaleUp: number;
  /** Room of the group and of those similar to it, max − target each. */
  readonly room: readonly number[];
  readonly maxNodesTotal: number;
  readonly currentNodes: number;
}): number {
  let most = Number.POSITIVE_INFINITY;
  if (limits.maxNodesPerScaleUp > 0) most = limits.maxNodesPerScaleUp;
  most = Math.min(
    most,
    limits.room.reduce((sum, room) => sum + Math.max(0, room), 0),
  );
  if (limits.maxNodesTotal > 0) most = Math.min(most, limits.maxNodesTotal - limits.currentNodes);
  return Math.max(0, most);
}

/** Groups by how much of a node their first pod takes, largest first (`DecreasingPodOrderer`). */
function largestFirst(groups: readonly PodGroup[], { node }: NodeTemplate): PodGroup[] {
  const cpu = milliValue(node.status.allocatable?.["cpu"] ?? "0");
  const memory = value(node.status.allocatable?.["memory"] ?? "0");
  const score = ({ pods: [pod] }: PodGroup): number => {
    const { cpuMillicores, memoryBytes } = podRequests(pod!);
    let sum = 0;
    if (cpu > 0) sum += cpuMillicores / cpu;
    if (memory > 0) sum += memoryBytes / memory;
    return sum;
  };
  const scored = groups.map((group) => ({ group, score: score(group) }));
  return scored.sort((a, b) => b.score - a.score).map(({ group }) => group);
}

/** Packs pods first-fit onto copies of the template (`BinpackingNodeEstimator`). The snapshot is left as it was. */
export function estimate(input: EstimateInput): Estimate {
  const { snapshot, template } = input;
  const ordered = largestFirst(input.groups, template);
  const fast = input.fastpath === true ? bestForFastPath(ordered, template) : undefined;
  // What the fast path assumes is in no snapshot, so its group comes last.
  const groups = fast === undefined ? ordered : [...ordered.filter((group) => group !== fast), fast];
  snapshot.fork();
  const packing = new Packing(input);
  let mayAdd = true;
  for (const group of groups) {
    const left = packing.ontoAdded(group);
    if (mayAdd) mayAdd = group === fast ? packing.ontoAssumed(group, left) : packing.ontoNew(group, left);
    packing.endGroup(group);
  }
  snapshot.revert();
  return packing.result();
}

class Packing {
  readonly #nodes: NewNodes;
  readonly #maxNodes: number;
  readonly #added = new Set<string>();
  readonly #used = new Set<string>();
  readonly #pods: Pod[] = [];
  readonly #places: (string | undefined)[] = [];
  readonly #counts: { readonly sample: Pod; readonly count: number }[] = [];
  /** Pods of the groups that are dealt with. */
  #counted = 0;
  #last: string | undefined;
  /** Nodes that were allowed, whether or not they hold a pod. */
  #granted = 0;
  #assumed = 0;

  constructor({ snapshot, template, groups, maxNodes }: EstimateInput) {
    this.#nodes = PlainNodes.for(snapshot, template, groups) ?? new SnapshotNodes(snapshot, template);
    this.#maxNodes = maxNodes;
  }

  result(): Estimate {
    const nodeCount = this.#used.size + this.#assumed;
    return {
      nodeCount,
      pods: this.#pods,
      counts: this.#counts,
      places: this.#places,
      newNodes: this.#nodes.names,
    };
  }

  /** What was placed since the last group is of this one. */
  endGroup({ pods: [sample] }: PodGroup): void {
    const count = this.#pods.length - this.#counted;
    if (count > 0) this.#counts.push({ sample: sample!, count });
    this.#counted = this.#pods.length;
  }

  /** Onto nodes that earlier groups asked for, until one pod does not fit; answers its index. */
  ontoAdded(group: PodGroup): number {
    const { pods } = group;
    if (this.#added.size === 0) return 0;
    for (const [index, pod] of pods.entries()) {
      const name = this.#nodes.onAdded(group, pod);
      if (name === undefined) return index;
      this.#placed(pod, name);
    }
    return pods.length;
  }

  /** Onto the last node, and onto further ones while they help; answers whether more may be added. */
  ontoNew(group: PodGroup, from: number): boolean {
    const { pods } = group;
    for (let index = from; index < pods.length; index++) {
      const pod = pods[index]!;
      if (this.#ontoLast(group, pod)) continue;
      // What does not fit an empty node will not fit another empty one.
      if (this.#last !== undefined && !this.#used.has(this.#last)) return true;
      if (this.#granted >= this.#maxNodes) return false;
      const name = this.#addNode();
      if (this.#nodes.onLast(group, pod) !== undefined) return true;
      this.#placed(pod, name);
    }
    return true;
  }

  /** Fills one node, and assumes that further ones would hold as many pods each. */
  ontoAssumed(group: PodGroup, from: number): boolean {
    const { pods } = group;
    if (from >= pods.length) return true;
    if (this.#granted >= this.#maxNodes) return false;
    const name = this.#addNode();
    let index = from;
    for (; index < pods.length; index++) {
      if (this.#nodes.onLast(group, pods[index]!) !== undefined) break;
      this.#placed(pods[index]!, name);
    }
    const perNode = index - from;
    if (perNode === 0) return true;
    while (index < pods.length) {
      if (this.#granted >= this.#maxNodes) return false;
      this.#granted += 1;
      this.#assumed += 1;
      const end = Math.min(index + perNode, pods.length);
      for (; index < end; index++) {
        this.#pods.push(pods[index]!);
        this.#places.push(undefined);
      }
    }
    return true;
  }

  #ontoLast(group: PodGroup, pod: Pod): boolean {
    if (this.#last === undefined) return false;
    const status = this.#nodes.onLast(group, pod);
    if (status === undefined) {
      this.#placed(pod, this.#last);
      return true;
    }
    if (status === "full" || !spreadsOverHosts(pod) || status.plugin !== "PodTopologySpread") return false;
    const other = this.#nodes.onOther(pod);
    if (other === undefined) return false;
    this.#placed(pod, other);
    return true;
  }

  #addNode(): string {
    this.#granted += 1;
    this.#last = this.#nodes.add();
    this.#added.add(this.#last);
    return this.#last;
  }

  #placed(pod: Pod, name: string): void {
    if (this.#added.has(name)) this.#used.add(name);
    this.#pods.push(pod);
    this.#places.push(name);
  }
}

/** The group for which the most simulations are saved; of equal ones the last. Not for pods that look at other nodes. */
function bestForFastPath(groups: readonly PodGroup[], { node }: NodeTemplate): PodGroup | undefined {
  const capacity = node.status.capacity ?? {};
  let best: PodGroup | undefined;
  let most = 0;
  for (const group of groups) {
    const saved = simulationsSaved(group, milliValue(capacity["cpu"] ?? "0"), value(capacity["memory"] ?? "0"));
    if (saved < most || !suitsFastPath(group.pods[0]!)) continue;
    best = group;
    most = saved;
  }
  return best;
}

/** By the first container's requests alone, as upstream estimates it. */
function simulationsSaved({ pods }: PodGroup, cpu: number, memory: number): number {
  const [pod] = pods;
  const requests = pod!.spec.containers[0]?.resources?.requests ?? {};
  const nodesFor = (request: number, each: number): number => Math.ceil((pods.length * request) / each);
  const alone = hostAntiAffinity(pod!).some((selector) => matchesLabelSelector(selector, pod!.metadata.labels ?? {}));
  const nodes = Math.max(
    alone ? pods.length : 0,
    nodesFor(milliValue(requests["cpu"] ?? "0"), cpu),
    nodesFor(value(requests["memory"] ?? "0"), memory),
  );
  return nodes > 0 ? pods.length - Math.floor(pods.length / nodes) : 0;
}

const hostname = "kubernetes.io/hostname";

function antiAffinity({ spec }: Pod): readonly PodAffinityTerm[] {
  return spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
}

function hostAntiAffinity(pod: Pod): (LabelSelector | undefined)[] {
  return antiAffinity(pod)
    .filter(({ topologyKey, labelSelector }) => topologyKey === hostname && labelSelector !== undefined)
    .map(({ labelSelector }) => labelSelector);
}

function suitsFastPath(pod: Pod): boolean {
  const spreads = pod.spec.topologySpreadConstraints !== undefined;
  return !spreads && antiAffinity(pod).every(({ topologyKey }) => topologyKey === hostname);
}

function spreadsOverHosts({ spec }: Pod): boolean {
  return (spec.topologySpreadConstraints ?? []).some(({ topologyKey }) => topologyKey === hostname);
}
