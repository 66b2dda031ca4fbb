import type { Pod } from "../../model/index.ts";
import type { PodInfo, Status } from "../../scheduler/index.ts";
import { type ClusterSnapshot, infoOf } from "./cluster-snapshot.ts";
import type { PodGroup } from "./similar-pods.ts";
import { freshNode, type NodeTemplate } from "./template-nodes.ts";

/** The nodes that an estimate adds, and where pods find room. Placing answers `undefined` for success, as filters do. */
export interface NewNodes {
  readonly names: readonly string[];
  add(): string;
  /** Onto the node added last. */
  onLast(group: PodGroup, pod: Pod): Status | "full" | undefined;
  /** Onto any added node, going round from the last success; answers its name. */
  onAdded(group: PodGroup, pod: Pod): string | undefined;
  /** Onto any node at all but the last one added. */
  onOther(pod: Pod): string | undefined;
}

/** Copies of the template in the snapshot, asked by all filters: for pods that look at other pods. */
export class SnapshotNodes implements NewNodes {
  readonly names: string[] = [];
  readonly #added = new Set<string>();
  readonly #snapshot: ClusterSnapshot;
  readonly #template: NodeTemplate;

  constructor(snapshot: ClusterSnapshot, template: NodeTemplate) {
    this.#snapshot = snapshot;
    this.#template = template;
  }

  add(): string {
    const { node, pods } = freshNode(this.#template, `e-${this.names.length}`);
    this.#snapshot.addNode(node, pods);
    const { name } = node.metadata;
    this.names.push(name);
    this.#added.add(name);
    return name;
  }

  onLast(_group: PodGroup, pod: Pod): Status | undefined {
    return this.#snapshot.schedule(infoOf(pod), this.names.at(-1)!);
  }

  onAdded(_group: PodGroup, pod: Pod): string | undefined {
    return this.#snapshot.scheduleAnywhere(infoOf(pod), ({ name }) => this.#added.has(name));
  }

  onOther(pod: Pod): string | undefined {
    const last = this.names.at(-1);
    return this.#snapshot.scheduleAnywhere(infoOf(pod), ({ name }) => name !== last);
  }
}

/**
 * The same for pods that ask for cpu, memory and a place alone: whether they may run on a copy of the template is one answer
 * for all copies, so that what remains is arithmetic.
 */
export class PlainNodes implements NewNodes {
  readonly names: string[] = [];
  readonly #base: string;
  readonly #roundRobin: { lastIndex: number };
  readonly #before: number;
  /** What one pod asks for, of the groups that may run here at all. */
  readonly #requests = new Map<PodGroup, PodInfo["requests"]>();
  readonly #room: readonly [cpu: number, memory: number, ephemeral: number, pods: number];
  readonly #cpu: number[] = [];
  readonly #memory: number[] = [];
  readonly #ephemeral: number[] = [];
  readonly #pods: number[] = [];

  private constructor(snapshot: ClusterSnapshot, template: NodeTemplate, groups: readonly PodGroup[]) {
    const { node, pods } = freshNode(template, "e");
    const { name } = node.metadata;
    this.#base = name;
    this.#roundRobin = snapshot.roundRobin;
    this.#before = snapshot.nodes.length;
    snapshot.fork();
    snapshot.addNode(node, pods);
    const info = snapshot.node(name)!;
    const { allocatable } = info;
    this.#room = [
      allocatable.cpuMillicores - info.requestedCpuMillicores,
      allocatable.memoryBytes - info.requestedMemoryBytes,
      allocatable.ephemeralBytes - info.requestedEphemeralBytes,
      allocatable.pods - info.pods.length,
    ];
    for (const group of groups) {
      const sample = infoOf(group.pods[0]!);
      if (snapshot.check(sample, name) === undefined) this.#requests.set(group, sample.requests);
    }
    snapshot.revert();
  }

  /** `undefined` when some pod, or some pod's presence, could make one copy differ from another. */
  static for(snapshot: ClusterSnapshot, template: NodeTemplate, groups: readonly PodGroup[]): PlainNodes | undefined {
    const keepsAway = snapshot.nodes.some(
      ({ podsWithRequiredAntiAffinity }) => podsWithRequiredAntiAffinity.length > 0,
    );
    const plain = !keepsAway && [...template.pods, ...groups.map(({ pods }) => pods[0]!)].every(isPlain);
    return plain ? new PlainNodes(snapshot, template, groups) : undefined;
  }

  add(): string {
    const name = `${this.#base}-${this.names.length}`;
    const [cpu, memory, ephemeral, pods] = this.#room;
    this.names.push(name);
    this.#cpu.push(cpu);
    this.#memory.push(memory);
    this.#ephemeral.push(ephemeral);
    this.#pods.push(pods);
    return name;
  }

  onLast(group: PodGroup): "full" | undefined {
    const requests = this.#requests.get(group);
    const last = this.names.length - 1;
    if (requests === undefined || !this.#fits(requests, last)) return "full";
    this.#take(requests, last);
    return undefined;
  }

  onAdded(group: PodGroup): string | undefined {
    const requests = this.#requests.get(group);
    if (requests === undefined) return undefined;
    const count = this.names.length;
    const start = Math.max(0, ((this.#roundRobin.lastIndex + 1) % (this.#before + count)) - this.#before);
    for (let step = 0; step < count; step++) {
      const index = (start + step) % count;
      if (!this.#fits(requests, index)) continue;
      this.#take(requests, index);
      this.#roundRobin.lastIndex = this.#before + index;
      return this.names[index]!;
    }
    return undefined;
  }

  onOther(): undefined {
    return undefined; // Only pods that spread are sent elsewhere.
  }

  #fits(
    { cpuMillicores: cpu, memoryBytes: memory, ephemeralBytes: ephemeral }: PodInfo["requests"],
    at: number,
  ): boolean {
    if (this.#pods[at]! < 1 || (cpu > 0 && cpu > this.#cpu[at]!)) return false;
    return !(memory > 0 && memory > this.#memory[at]!) && !(ephemeral > 0 && ephemeral > this.#ephemeral[at]!);
  }

  #take({ cpuMillicores, memoryBytes, ephemeralBytes }: PodInfo["requests"], at: number): void {
    this.#cpu[at]! -= cpuMillicores;
    this.#memory[at]! -= memoryBytes;
    this.#ephemeral[at]! -= ephemeralBytes;
    this.#pods[at]! -= 1;
  }
}

/** Volumes that any node has. */
const plainVolumes = new Set(["name", "emptyDir", "configMap", "secret", "projected", "downwardAPI", "hostPath"]);

/** Fits or not by what it asks for and where it may run; other pods make no difference to it, nor it to them. */
function isPlain(pod: Pod): boolean {
  const { requiredAffinity, requiredAntiAffinity, hostPorts, requests } = infoOf(pod);
  const { topologySpreadConstraints, volumes, resourceClaims } = pod.spec;
  return (
    requiredAffinity.length === 0 &&
    requiredAntiAffinity.length === 0 &&
    hostPorts.length === 0 &&
    requests.scalars.size === 0 &&
    (topologySpreadConstraints?.length ?? 0) === 0 &&
    (resourceClaims?.length ?? 0) === 0 &&
    (volumes ?? []).every((volume) => Object.keys(volume).every((key) => plainVolumes.has(key)))
  );
}
