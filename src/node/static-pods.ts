import { type Node, type ObjectKey, objectKey, type Pod } from "../model/index.ts";
import { nextTickAt, type Sequence, type Ticker } from "../sim/index.ts";
import type { KubeletApi } from "./kubelet-api.ts";
import type { Execution } from "./work.ts";

const sourceAnnotation = "kubernetes.io/config.source";
const hashAnnotation = "kubernetes.io/config.hash";
const mirrorAnnotation = "kubernetes.io/config.mirror";

/** A pod that a file on the machine asks for; no API server decides about it. */
export function isStaticPod({ metadata }: Pod): boolean {
  const source = metadata.annotations?.[sourceAnnotation];
  return source !== undefined && source !== "api";
}

/** What the API server shows of a static pod. */
export function isMirrorPod({ metadata }: Pod): boolean {
  return metadata.annotations?.[mirrorAnnotation] !== undefined;
}

/** A manifest of a file as the kubelet of a machine takes it: named after the machine, tolerating whatever evicts others. */
export function staticPodOf(manifest: Pod, node: string): Pod {
  const { metadata, spec } = manifest;
  const name = `${metadata.name}-${node}`;
  const annotations = { ...metadata.annotations, [hashAnnotation]: name, [sourceAnnotation]: "file" };
  const tolerations = [...(spec.tolerations ?? []), { operator: "Exists", effect: "NoExecute" }];
  return {
    ...manifest,
    metadata: { ...metadata, name, namespace: metadata.namespace ?? "default", uid: `static-${name}`, annotations },
    spec: { ...spec, nodeName: node, tolerations },
    status: { phase: "Pending" },
  } as unknown as Pod;
}

interface StaticPodsOptions {
  readonly execution: Execution;
  readonly api: KubeletApi;
  readonly housekeeping: Ticker;
  /** The Node that owns the mirrors, as the kubelet knows it. */
  readonly node: () => Node | undefined;
  readonly time: () => string;
  /** Nothing of the pod is left: its like may start again. */
  readonly isOver: (uid: string) => boolean;
  readonly start: (pod: Pod) => void;
  readonly stop: (pod: Pod) => void;
  /** Its mirror is not as it was: the pod is to be synced. */
  readonly changed: (pod: Pod) => void;
}

/** Static pods of one machine and their mirrors: kubelet's pod manager, as far as files are concerned. */
export class StaticPods {
  readonly #options: StaticPodsOptions;
  /** By namespace and name, as files ask for them now. */
  readonly #pods = new Map<ObjectKey, Pod>();
  readonly #mirrors = new Map<ObjectKey, Pod>();
  /** Uids of pods that run or have not quite ended. */
  readonly #started = new Map<ObjectKey, string>();
  #sweep: Sequence | undefined;

  constructor(options: StaticPodsOptions) {
    this.#options = options;
  }

  /** A file asks for it. One that is still ending is waited for. */
  add(pod: Pod): void {
    const key = keyOf(pod);
    const seen = { "kubernetes.io/config.seen": this.#options.time() };
    const known = { ...pod, metadata: { ...pod.metadata, annotations: { ...pod.metadata.annotations, ...seen } } };
    this.#pods.set(key, known);
    if (this.#started.has(key)) this.#schedule();
    else this.#start(key, known);
  }

  /** Its file is gone. */
  remove(pod: Pod): void {
    const key = keyOf(pod);
    const known = this.#pods.get(key);
    if (known === undefined) return;
    this.#pods.delete(key);
    this.#options.stop(known);
    this.#schedule();
  }

  has(uid: string): boolean {
    return [...this.#started.values()].includes(uid);
  }

  /** The API server shows a mirror. */
  seen(mirror: Pod): void {
    const key = keyOf(mirror);
    this.#mirrors.set(key, mirror);
    const pod = this.#pods.get(key);
    if (pod === undefined) this.#schedule();
    else this.#options.changed(pod);
  }

  /** A mirror is gone. Answers whether there was one. */
  gone(uid: string): boolean {
    for (const [key, mirror] of this.#mirrors) {
      if (mirror.metadata.uid !== uid) continue;
      this.#mirrors.delete(key);
      const pod = this.#pods.get(key);
      if (pod !== undefined) this.#options.changed(pod);
      return true;
    }
    return false;
  }

  mirrorOf(pod: Pod): Pod | undefined {
    return this.#mirrors.get(keyOf(pod));
  }

  /** kubelet's `tryReconcileMirrorPods`: one that is being deleted is taken away for good, one that is missing is made. */
  reconcile(pod: Pod): void {
    const { api, node } = this.#options;
    const key = keyOf(pod);
    if (this.#pods.get(key)?.metadata.uid !== pod.metadata.uid) return;
    const mirror = this.#mirrors.get(key);
    if (mirror !== undefined && mirror.metadata.deletionTimestamp === undefined) return;
    if (mirror !== undefined) {
      this.#mirrors.delete(key);
      api.deletePod(mirror);
    }
    const annotations = { ...pod.metadata.annotations, [mirrorAnnotation]: pod.metadata.annotations![hashAnnotation]! };
    const owner = node()?.metadata;
    if (owner === undefined) return;
    const ownerReferences = [{ apiVersion: "v1", kind: "Node", name: owner.name, uid: owner.uid, controller: true }];
    api.createPod({ ...pod, metadata: { ...pod.metadata, annotations, ownerReferences } });
  }

  #start(key: ObjectKey, pod: Pod): void {
    this.#started.set(key, pod.metadata.uid);
    this.#options.start(pod);
  }

  /** Housekeeping looks again, as long as something is to be waited for. */
  #schedule(): void {
    if (this.#sweep !== undefined) return;
    const { execution, housekeeping } = this.#options;
    this.#sweep = execution.at(nextTickAt(housekeeping, execution.loop.nowUs + 1), () => {
      this.#sweep = undefined;
      this.#housekeep();
    });
  }

  #housekeep(): void {
    const { api, isOver } = this.#options;
    for (const [key, uid] of [...this.#started]) {
      if (!isOver(uid)) continue;
      this.#started.delete(key);
      const pod = this.#pods.get(key);
      if (pod !== undefined) this.#start(key, pod);
    }
    for (const [key, mirror] of [...this.#mirrors]) {
      if (!this.#pods.has(key) && !this.#started.has(key)) api.deletePod(mirror);
    }
    const waits = [...this.#started.keys(), ...this.#mirrors.keys()].some((key) => !this.#pods.has(key));
    const replaced = [...this.#started].some(([key, uid]) => isOver(uid) && this.#pods.has(key));
    if (waits || replaced) this.#schedule();
  }
}

function keyOf({ metadata }: Pod): ObjectKey {
  return objectKey(metadata.namespace, metadata.name);
}
