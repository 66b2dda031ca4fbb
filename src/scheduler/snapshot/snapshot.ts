import type { KubeObject, Node, Pod } from "../../model/index.ts";
import { ClusterObjects } from "./cluster-objects.ts";
import { ImageStates } from "./image-states.ts";
import { NodeInfo } from "./node-info.ts";
import { NodeTree } from "./node-tree.ts";
import { NominatedPods } from "./nominated-pods.ts";
import { countsAlike, keyOfPod, type PodInfo, podInfo, readsAlike } from "./pod-info.ts";

/** Hears of every change that decisions depend on, node by node. A slot is a node's place in columns; it is used again. */
export interface SnapshotObserver {
  /** A pod counts on the node of that slot from now on (`sign` 1), or no longer (−1). */
  podMoved(pod: PodInfo, slot: number, sign: 1 | -1): void;
  /** Something about the node itself, its pods, or who is nominated to it changed. */
  nodeChanged(slot: number): void;
  /** A pod of the node has a newer version, in which nothing but its status is another. */
  podRenewed(slot: number): void;
  /** Nodes came or went, or their labels changed. */
  nodesChanged(): void;
}

/** A pod that counts, and where. */
interface Place {
  readonly node: NodeInfo;
  pod: PodInfo;
}

/**
 * The cluster as the scheduler believes it: nodes with the pods bound to them or assumed there, and the objects that
 * decisions read. Kept up to date change by change; a decision reads it as it stands.
 */
export class Snapshot {
  readonly objects: ClusterObjects = new ClusterObjects();
  readonly images: ImageStates = new ImageStates();
  readonly nominated: NominatedPods = new NominatedPods((nodeName) => this.#nodeChanged(this.#nodes.get(nodeName)));
  /** Pods whose victims are being asked to leave right now: they wait for those requests to be made. */
  readonly preempting: Set<string> = new Set();
  /** Counts changes of taints of nodes that were there before. */
  taintsVersion = 0;
  readonly #nodes: Map<string, NodeInfo> = new Map();
  readonly #tree: NodeTree = new NodeTree();
  /** Where each pod counts. */
  readonly #placeOf: Map<string, Place> = new Map();
  readonly #assumed: Set<string> = new Set();
  readonly #claimUsers: Map<string, number> = new Map();
  readonly #withAffinity: Set<NodeInfo> = new Set();
  readonly #observers: SnapshotObserver[] = [];
  readonly #freeSlots: number[] = [];
  #slots = 0;
  #order: readonly NodeInfo[] | undefined;

  /** Nodes in the order in which the scheduler looks at them: round robin over zones. */
  get nodes(): readonly NodeInfo[] {
    this.#order ??= this.#tree.list().map((name) => this.#nodes.get(name)!);
    return this.#order;
  }

  get nodeCount(): number {
    return this.nodes.length;
  }

  /** Slots in use are below this. */
  get slotCount(): number {
    return this.#slots;
  }

  /** Nodes with pods that have affinity or anti-affinity of any kind, in no particular order. */
  get nodesWithAffinity(): Iterable<NodeInfo> {
    return this.#withAffinity;
  }

  /** Tells the observer of all pods there are, and from now on of every change. */
  observe(observer: SnapshotObserver): void {
    for (const { slot, pods } of this.nodes) for (const pod of pods) observer.podMoved(pod, slot, 1);
    this.#observers.push(observer);
  }

  /** The node of that name, if it exists (not merely named by some pod). */
  node(name: string): NodeInfo | undefined {
    const info = this.#nodes.get(name);
    return info?.node === undefined ? undefined : info;
  }

  /** Adds a node, or replaces what is known of it. */
  setNode(node: Node): void {
    const info = this.#nodeNamed(node.metadata.name);
    const before = info.node;
    if (before === undefined) {
      this.#tree.add(node);
      this.#appear(info, node);
      return;
    }
    const moved = this.#tree.update(before, node);
    if (moved) this.#order = undefined;
    const { labels, images, taints } = info;
    info.setNode(node);
    if (taints !== info.taints && JSON.stringify(taints) !== JSON.stringify(info.taints)) this.taintsVersion++;
    if (images !== info.images && !sameEntries(images, info.images)) {
      this.images.remove(info, images);
      this.images.add(info, info.images);
    }
    if (moved || !sameLabels(labels, info.labels)) this.#nodesChanged();
    this.#nodeChanged(info);
  }

  #appear(info: NodeInfo, node: Node): void {
    this.#order = undefined;
    info.setNode(node);
    info.slot = this.#freeSlots.pop() ?? this.#slots++;
    this.images.add(info, info.images);
    this.#nodesChanged();
    if (info.podsWithAffinity.length > 0) this.#withAffinity.add(info);
    this.#nodeChanged(info); // The slot may have been somebody else's.
    for (const pod of info.pods) this.#podMoved(pod, info.slot, 1);
  }

  removeNode(name: string): void {
    const info = this.#nodes.get(name);
    if (info?.node === undefined) return;
    this.#tree.remove(info.node);
    this.#order = undefined;
    this.images.remove(info, info.images);
    for (const pod of info.pods) this.#podMoved(pod, info.slot, -1);
    this.#withAffinity.delete(info);
    this.#freeSlots.push(info.slot);
    info.slot = -1;
    info.unsetNode();
    this.#nodesChanged();
    if (info.pods.length === 0) this.#nodes.delete(name);
  }

  /** A bound pod was added or changed. Confirms an assumed one; finished pods count nowhere. */
  setPod(pod: Pod): void {
    const phase = pod.status?.phase;
    const nodeName = pod.spec.nodeName;
    const key = keyOfPod(pod);
    if (nodeName === undefined || nodeName === "" || phase === "Succeeded" || phase === "Failed") {
      this.removePod(key);
      return;
    }
    const place = this.#placeOf.get(key);
    // An assumed pod is read anew: until then what is known of it is the scheduling queue's.
    if (place !== undefined && place.node.name === nodeName && !this.#assumed.has(key) && readsAlike(place.pod, pod)) {
      place.pod.pod = pod;
      place.node.replacePod(place.pod, place.pod);
      if (place.node.slot >= 0) for (const observer of this.#observers) observer.podRenewed(place.node.slot);
      return;
    }
    this.#place(podInfo(pod), nodeName);
    this.#assumed.delete(key);
  }

  /** The pod is gone, or no longer counts. Answers whether it was here. */
  removePod(key: string): boolean {
    const place = this.#placeOf.get(key);
    if (place === undefined) return false;
    const { node, pod } = place;
    this.#placeOf.delete(key);
    this.#assumed.delete(key);
    node.removePod(key);
    this.#countClaims(pod, -1);
    if (node.podsWithAffinity.length === 0) this.#withAffinity.delete(node);
    if (node.slot >= 0) this.#podMoved(pod, node.slot, -1);
    if (node.node === undefined && node.pods.length === 0) this.#nodes.delete(node.name);
    return true;
  }

  /** Counts a pod on the node chosen for it before the API server knows. */
  assume(pod: PodInfo, nodeName: string): void {
    this.#place(pod, nodeName);
    this.#assumed.add(pod.key);
    this.nominated.delete(pod.key);
  }

  /** Takes back `assume`: the binding failed. Does nothing once the binding was seen. */
  forget(key: string): void {
    if (this.#assumed.has(key)) this.removePod(key);
  }

  isAssumed(key: string): boolean {
    return this.#assumed.has(key);
  }

  /** The bound or assumed pod of that key, and its node's name. */
  placeOf(key: string): { readonly pod: PodInfo; readonly nodeName: string } | undefined {
    const place = this.#placeOf.get(key);
    return place === undefined ? undefined : { pod: place.pod, nodeName: place.node.name };
  }

  /** An object of another kind was added or changed. */
  putObject(object: KubeObject): void {
    this.objects.put(object);
  }

  dropObject(object: KubeObject): void {
    this.objects.drop(object);
  }

  /** How many bound pods use the claim `namespace/name`. */
  claimUsers(key: string): number {
    return this.#claimUsers.get(key) ?? 0;
  }

  #place(pod: PodInfo, nodeName: string): void {
    const place = this.#placeOf.get(pod.key);
    if (place?.node.name === nodeName && countsAlike(place.pod, pod)) {
      place.node.replacePod(place.pod, pod);
      place.pod = pod;
      this.#nodeChanged(place.node);
      return;
    }
    this.removePod(pod.key);
    const node = this.#nodeNamed(nodeName);
    node.addPod(pod);
    this.#placeOf.set(pod.key, { node, pod });
    this.#countClaims(pod, 1);
    if (node.slot < 0) return;
    if (node.podsWithAffinity.length > 0) this.#withAffinity.add(node);
    this.#podMoved(pod, node.slot, 1);
  }

  #podMoved(pod: PodInfo, slot: number, sign: 1 | -1): void {
    for (const observer of this.#observers) {
      observer.podMoved(pod, slot, sign);
      observer.nodeChanged(slot);
    }
  }

  #nodeChanged(node: NodeInfo | undefined): void {
    if (node === undefined || node.slot < 0) return;
    for (const observer of this.#observers) observer.nodeChanged(node.slot);
  }

  #nodesChanged(): void {
    for (const observer of this.#observers) observer.nodesChanged();
  }

  #nodeNamed(name: string): NodeInfo {
    let info = this.#nodes.get(name);
    if (info === undefined) {
      info = new NodeInfo(name);
      this.#nodes.set(name, info);
    }
    return info;
  }

  #countClaims(pod: PodInfo, sign: 1 | -1): void {
    const volumes = pod.pod.spec.volumes;
    if (volumes === undefined) return;
    for (const { persistentVolumeClaim } of volumes) {
      if (persistentVolumeClaim === undefined) continue;
      const key = `${pod.namespace}/${persistentVolumeClaim.claimName}`;
      const users = (this.#claimUsers.get(key) ?? 0) + sign;
      if (users === 0) this.#claimUsers.delete(key);
      else this.#claimUsers.set(key, users);
    }
  }
}

type Labels = Readonly<Record<string, string>>;

function sameLabels(left: Labels, right: Labels): boolean {
  if (left === right) return true;
  return sameEntries(new Map(Object.entries(left)), new Map(Object.entries(right)));
}

function sameEntries<V>(left: ReadonlyMap<string, V>, right: ReadonlyMap<string, V>): boolean {
  if (left.size !== right.size) return false;
  for (const [key, value] of left) if (right.get(key) !== value) return false;
  return true;
}
