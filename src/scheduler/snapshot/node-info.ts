import { type Node, resourceValue, type Taint } from "../../model/index.ts";
import { hasAffinity, type PodInfo } from "./pod-info.ts";
import { isScalarResource } from "./scalar-resources.ts";

const noTaints: readonly Taint[] = [];
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
  images: ReadonlyMap<string, number> = new Map();

  readonly pods: Map<string, PodInfo> = new Map();
  readonly podsWithAffinity: Map<string, PodInfo> = new Map();
  readonly podsWithRequiredAntiAffinity: Map<string, PodInfo> = new Map();
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
    this.node = node;
    this.labels = node.metadata.labels ?? noLabels;
    this.taints = node.spec?.taints ?? noTaints;
    this.unschedulable = node.spec?.unschedulable === true;
    this.allocatable = allocatableOf(node);
    this.images = imagesOf(node);
  }

  /** The node is gone; pods that still name it stay until they are removed themselves. */
  unsetNode(): void {
    this.node = undefined;
  }

  addPod(pod: PodInfo): void {
    this.pods.set(pod.key, pod);
    this.#count(pod, 1);
    if (hasAffinity(pod)) this.podsWithAffinity.set(pod.key, pod);
    if (pod.requiredAntiAffinity.length > 0) this.podsWithRequiredAntiAffinity.set(pod.key, pod);
  }

  /** Removes the pod of that key; answers what was here. */
  removePod(key: string): PodInfo | undefined {
    const pod = this.pods.get(key);
    if (pod === undefined) return undefined;
    this.pods.delete(key);
    this.podsWithAffinity.delete(key);
    this.podsWithRequiredAntiAffinity.delete(key);
    this.#count(pod, -1);
    return pod;
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
    for (const [key, pod] of this.pods) copy.pods.set(key, pod);
    for (const [key, pod] of this.podsWithAffinity) copy.podsWithAffinity.set(key, pod);
    for (const [key, pod] of this.podsWithRequiredAntiAffinity) copy.podsWithRequiredAntiAffinity.set(key, pod);
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

function imagesOf(node: Node): ReadonlyMap<string, number> {
  const images = new Map<string, number>();
  for (const image of node.status?.images ?? []) {
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
