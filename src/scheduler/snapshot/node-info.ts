import { type Node, resourceValue, type Taint } from "../../model/index.ts";
import { hasAffinity, type PodInfo } from "./pod-info.ts";
import { isScalarResource } from "./scalar-resources.ts";

const noTaints: readonly Taint[] = [];
const noImages: ReadonlyMap<string, number> = new Map();
const noLabels: Readonly<Record<string, string>> = {};

/** What a node has for pods: cpu in millicores, the rest in whole units. */
export interface Allocatable {
  readonly cpuMillicores: number;
  readonly memoryBytes: number;
  readonly ephemeralBytes: number;
  readonly pods: number;
  readonly scalars: ReadonlyMap<string, number>;
}

const nothingAllocatable: Allocatable = {
  cpuMillicores: 0,
  memoryBytes: 0,
  ephemeralBytes: 0,
  pods: 0,
  scalars: new Map(),
};

/** A node and the pods on it, with their sums. Nodes that pods name but nobody has seen have no `node`. */
export class NodeInfo {
  readonly name: string;
  /** Place in the snapshot's columns; −1 for copies and for nodes that were never seen. */
  slot = -1;
  node: Node | undefined;
  labels: Readonly<Record<string, string>> = noLabels;
  taints: readonly Taint[] = noTaints;
  unschedulable = false;
  allocatable: Allocatable = nothingAllocatable;
  /** Image name to size on this node, names with a tag. */
  images: ReadonlyMap<string, number> = noImages;

  /** In upstream's order: the last pod moves into the place of one that leaves. Victims equal in all else follow it. */
  readonly pods: PodInfo[] = [];
  readonly podsWithAffinity: PodInfo[] = [];
  readonly podsWithRequiredAntiAffinity: PodInfo[] = [];
  requestedCpuMillicores = 0;
  requestedMemoryBytes = 0;
  requestedEphemeralBytes = 0;
  readonly requestedScalars: Map<string, number> = new Map();
  nonZeroCpuMillicores = 0;
  nonZeroMemoryBytes = 0;
  /** Pods with host ports on this node. */
  podsWithHostPorts = 0;

  constructor(name: string) {
    this.name = name;
  }

  setNode(node: Node): void {
    if (this.node?.status?.images !== node.status?.images) this.images = imagesOf(node);
    this.node = node;
    this.labels = node.metadata.labels ?? noLabels;
    this.taints = node.spec?.taints ?? noTaints;
    this.unschedulable = node.spec?.unschedulable === true;
    this.allocatable = allocatableOf(node);
  }

  /** The node is gone; pods that still name it stay until they are removed themselves. */
  unsetNode(): void {
    this.node = undefined;
    this.images = noImages;
  }

  addPod(pod: PodInfo): void {
    this.pods.push(pod);
    this.#count(pod, 1);
    if (hasAffinity(pod)) this.podsWithAffinity.push(pod);
    if (pod.requiredAntiAffinity.length > 0) this.podsWithRequiredAntiAffinity.push(pod);
  }

  /** Removes the pod of that key; answers what was here. */
  removePod(key: string): PodInfo | undefined {
    const pod = take(this.pods, key);
    if (pod === undefined) return undefined;
    if (hasAffinity(pod)) take(this.podsWithAffinity, key);
    if (pod.requiredAntiAffinity.length > 0) take(this.podsWithRequiredAntiAffinity, key);
    this.#count(pod, -1);
    return pod;
  }

  /** Puts a newer version, which counts alike, in the place of one that is here; both may be one. It stands where upstream puts it: last. */
  replacePod(known: PodInfo, pod: PodInfo): void {
    toEnd(this.pods, known, pod);
    if (hasAffinity(pod)) toEnd(this.podsWithAffinity, known, pod);
    if (pod.requiredAntiAffinity.length > 0) toEnd(this.podsWithRequiredAntiAffinity, known, pod);
  }

  /** A copy to try things on; the original never learns of it. */
  clone(): NodeInfo {
    const copy = new NodeInfo(this.name);
    copy.node = this.node;
    copy.labels = this.labels;
    copy.taints = this.taints;
    copy.unschedulable = this.unschedulable;
    copy.allocatable = this.allocatable;
    copy.images = this.images;
    copy.pods.push(...this.pods);
    copy.podsWithAffinity.push(...this.podsWithAffinity);
    copy.podsWithRequiredAntiAffinity.push(...this.podsWithRequiredAntiAffinity);
    copy.requestedCpuMillicores = this.requestedCpuMillicores;
    copy.requestedMemoryBytes = this.requestedMemoryBytes;
    copy.requestedEphemeralBytes = this.requestedEphemeralBytes;
    for (const [name, amount] of this.requestedScalars) copy.requestedScalars.set(name, amount);
    copy.nonZeroCpuMillicores = this.nonZeroCpuMillicores;
    copy.nonZeroMemoryBytes = this.nonZeroMemoryBytes;
    copy.podsWithHostPorts = this.podsWithHostPorts;
    return copy;
  }

  allocatableOf(resource: string): number {
    switch (resource) {
      case "cpu":
        return this.allocatable.cpuMillicores;
      case "memory":
        return this.allocatable.memoryBytes;
      case "ephemeral-storage":
        return this.allocatable.ephemeralBytes;
      default:
        return this.allocatable.scalars.get(resource) ?? 0;
    }
  }

  requestedOf(resource: string): number {
    switch (resource) {
      case "cpu":
        return this.requestedCpuMillicores;
      case "memory":
        return this.requestedMemoryBytes;
      case "ephemeral-storage":
        return this.requestedEphemeralBytes;
      default:
        return this.requestedScalars.get(resource) ?? 0;
    }
  }

  #count(pod: PodInfo, sign: 1 | -1): void {
    const { requests } = pod;
    this.requestedCpuMillicores += sign * requests.cpuMillicores;
    this.requestedMemoryBytes += sign * requests.memoryBytes;
    this.requestedEphemeralBytes += sign * requests.ephemeralBytes;
    if (requests.scalars.size > 0) {
      for (const [name, amount] of requests.scalars) {
        this.requestedScalars.set(name, (this.requestedScalars.get(name) ?? 0) + sign * amount);
      }
    }
    this.nonZeroCpuMillicores += sign * pod.nonZeroCpuMillicores;
    this.nonZeroMemoryBytes += sign * pod.nonZeroMemoryBytes;
    if (pod.hostPorts.length > 0) this.podsWithHostPorts += sign;
  }
}

/** Takes the pod of that key out of the list, whose last pod takes its place. */
function take(pods: PodInfo[], key: string): PodInfo | undefined {
  for (let at = 0; at < pods.length; at++) {
    const pod = pods[at]!;
    if (pod.key !== key) continue;
    const last = pods.pop()!;
    if (at < pods.length) pods[at] = last;
    return pod;
  }
  return undefined;
}

/** As if the one had been taken and the other pushed. Compared by identity: the others are not even looked at. */
function toEnd(pods: PodInfo[], known: PodInfo, pod: PodInfo): void {
  const at = pods.indexOf(known);
  const last = pods.length - 1;
  if (at < last) pods[at] = pods[last]!;
  pods[last] = pod;
}

function imagesOf(node: Node): ReadonlyMap<string, number> {
  if (node.status?.images === undefined) return noImages;
  const images = new Map<string, number>();
  for (const image of node.status.images) {
    for (const name of image.names ?? []) images.set(name, image.sizeBytes ?? 0);
  }
  return images;
}

function allocatableOf(node: Node): Allocatable {
  const list = node.status?.allocatable ?? {};
  const amount = (name: string): number => (list[name] === undefined ? 0 : resourceValue(name, list[name]));
  const scalars = new Map<string, number>();
  for (const name of Object.keys(list)) if (isScalarResource(name)) scalars.set(name, amount(name));
  return {
    cpuMillicores: amount("cpu"),
    memoryBytes: amount("memory"),
    ephemeralBytes: amount("ephemeral-storage"),
    pods: amount("pods"),
    scalars,
  };
}
