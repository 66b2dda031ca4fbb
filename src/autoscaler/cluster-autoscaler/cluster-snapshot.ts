import type { KubeObject, Node, Pod } from "../../model/index.ts";
import {
  Framework,
  loadConfiguration,
  type NodeInfo,
  type PodInfo,
  pluginRegistry,
  podInfo,
  prepareFilters,
  Snapshot,
  type Status,
} from "../../scheduler/index.ts";

/** Where the last search for a node succeeded; outlives the snapshot of one run. */
export interface RoundRobin {
  lastIndex: number;
}

/** A memo of a pure function. */
const infos = new WeakMap<Pod, PodInfo>();

export function infoOf(pod: Pod): PodInfo {
  let info = infos.get(pod);
  if (info === undefined) {
    info = podInfo(pod);
    infos.set(pod, info);
  }
  return info;
}

/** A pod that is thought to come back elsewhere, beside the one that still runs. */
export function movedInfo(pod: Pod): PodInfo {
  const { nodeName: _left, ...spec } = pod.spec;
  const moved = infoOf({ ...pod, spec });
  return { ...moved, key: `${moved.key} moved` };
}

const [profile] = loadConfiguration().profiles;
const registry = pluginRegistry();

/** The cluster to try things on: nodes in the order of insertion, with `fork`, `revert` and `commit` as upstream's. */
export class ClusterSnapshot {
  readonly #snapshot = new Snapshot();
  readonly #framework = new Framework(profile!, registry, this.#snapshot);
  readonly #nodes: NodeInfo[] = [];
  readonly #undo: (() => void)[] = [];
  readonly #forks: number[] = [];
  readonly roundRobin: RoundRobin;

  constructor(objects: Iterable<KubeObject>, roundRobin: RoundRobin = { lastIndex: 0 }) {
    for (const object of objects) this.#snapshot.putObject(object);
    this.roundRobin = roundRobin;
  }

  get nodes(): readonly NodeInfo[] {
    return this.#nodes;
  }

  node(name: string): NodeInfo | undefined {
    return this.#snapshot.node(name);
  }

  addNode(node: Node, pods: readonly Pod[]): void {
    const { name } = node.metadata;
    this.#snapshot.setNode(node);
    this.#nodes.push(this.#snapshot.node(name)!);
    this.#done(() => {
      this.#snapshot.removeNode(name);
      this.#nodes.pop();
    });
    for (const pod of pods) this.addPod(infoOf(pod), name);
  }

  removeNode(name: string): void {
    const info = this.#snapshot.node(name);
    if (info?.node === undefined) return;
    for (const pod of [...info.pods]) this.removePod(pod, name);
    const { node } = info;
    const index = this.#nodes.indexOf(info);
    this.#snapshot.removeNode(name);
    this.#nodes.splice(index, 1);
    this.#done(() => {
      this.#snapshot.setNode(node);
      this.#nodes.splice(index, 0, this.#snapshot.node(name)!);
    });
  }

  addPod(pod: PodInfo, nodeName: string): void {
    this.#snapshot.assume(pod, nodeName);
    this.#done(() => this.#snapshot.removePod(pod.key));
  }

  removePod(pod: PodInfo, nodeName: string): void {
    this.#snapshot.removePod(pod.key);
    this.#done(() => this.#snapshot.assume(pod, nodeName));
  }

  /** Whether a pod would fit a node: PreFilter and Filter plugins alone. `undefined`: it fits. */
  check(pod: PodInfo, nodeName: string): Status | undefined {
    const node = this.node(nodeName);
    return node === undefined ? undefined : this.#filters(pod)(node);
  }

  /** Places the pod on the node if it fits; answers what kept it away. */
  schedule(pod: PodInfo, nodeName: string): Status | undefined {
    const status = this.check(pod, nodeName);
    if (status === undefined) this.addPod(pod, nodeName);
    return status;
  }

  /** Places the pod on the first acceptable node that it fits, going round from the last success; answers its name. */
  scheduleAnywhere(pod: PodInfo, acceptable: (node: NodeInfo) => boolean): string | undefined {
    const count = this.#nodes.length;
    let filters: ((node: NodeInfo) => Status | undefined) | undefined;
    for (let step = 0; step < count; step++) {
      const index = (step + 1 + this.roundRobin.lastIndex) % count;
      const node = this.#nodes[index]!;
      if (node.unschedulable || lacksRoom(pod.requests, node) || !acceptable(node)) continue;
      filters ??= this.#filters(pod);
      if (filters(node) !== undefined) continue;
      this.roundRobin.lastIndex = index;
      this.addPod(pod, node.name);
      return node.name;
    }
    return undefined;
  }

  /** What follows can be taken back. */
  fork(): void {
    this.#forks.push(this.#undo.length);
  }

  revert(): void {
    const mark = this.#forks.pop()!;
    while (this.#undo.length > mark) this.#undo.pop()!();
  }

  commit(): void {
    this.#forks.pop();
    if (this.#forks.length === 0) this.#undo.length = 0;
  }

  #done(undo: () => void): void {
    if (this.#forks.length > 0) this.#undo.push(undo);
  }

  #filters(pod: PodInfo): (node: NodeInfo) => Status | undefined {
    return prepareFilters(this.#framework, pod);
  }
}

/** What NodeResourcesFit would say of cpu, memory and places, without its words: most nodes are full, and nobody asks why. */
function lacksRoom({ cpuMillicores: cpu, memoryBytes: memory }: PodInfo["requests"], node: NodeInfo): boolean {
  const { allocatable } = node;
  if (node.pods.length >= allocatable.pods) return true;
  if (cpu > 0 && cpu > allocatable.cpuMillicores - node.requestedCpuMillicores) return true;
  return memory > 0 && memory > allocatable.memoryBytes - node.requestedMemoryBytes;
}
