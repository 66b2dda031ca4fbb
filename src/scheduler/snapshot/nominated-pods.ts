import type { PodInfo } from "./pod-info.ts";

const nobody: ReadonlyMap<string, PodInfo> = new Map();

/** Pods that are to run on a node once room is made there, by node. They hold their room against lower priorities. */
export class NominatedPods {
  readonly #byNode: Map<string, Map<string, PodInfo>> = new Map();
  readonly #nodeOf: Map<string, string> = new Map();
  readonly #changed: (nodeName: string) => void;

  /** `changed` is told whose list of nominated pods is another one now. */
  constructor(changed: (nodeName: string) => void = () => undefined) {
    this.#changed = changed;
  }

  /** Notes that `pod` is nominated to `nodeName`, wherever it was before. */
  set(pod: PodInfo, nodeName: string): void {
    this.delete(pod.key);
    this.#nodeOf.set(pod.key, nodeName);
    const pods = this.#byNode.get(nodeName);
    if (pods === undefined) this.#byNode.set(nodeName, new Map([[pod.key, pod]]));
    else pods.set(pod.key, pod);
    this.#changed(nodeName);
  }

  delete(key: string): void {
    const nodeName = this.#nodeOf.get(key);
    if (nodeName === undefined) return;
    this.#nodeOf.delete(key);
    const pods = this.#byNode.get(nodeName)!;
    pods.delete(key);
    if (pods.size === 0) this.#byNode.delete(nodeName);
    this.#changed(nodeName);
  }

  nodeOf(key: string): string | undefined {
    return this.#nodeOf.get(key);
  }

  on(nodeName: string): ReadonlyMap<string, PodInfo> {
    return this.#byNode.get(nodeName) ?? nobody;
  }

  get size(): number {
    return this.#nodeOf.size;
  }

  /** All of them, node by node. */
  byNode(): ReadonlyMap<string, ReadonlyMap<string, PodInfo>> {
    return this.#byNode;
  }
}
