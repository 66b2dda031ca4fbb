import {
  type CSIDriver,
  type CSINode,
  type CSIStorageCapacity,
  type KubeObject,
  keyOf,
  type LabelSelector,
  type Namespace,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type PodDisruptionBudget,
  type ReplicaSet,
  type ReplicationController,
  type Service,
  type StatefulSet,
  type StorageClass,
  type VolumeAttachment,
} from "../../model/index.ts";

interface KindsRead {
  Namespace: Namespace;
  Service: Service;
  ReplicationController: ReplicationController;
  ReplicaSet: ReplicaSet;
  StatefulSet: StatefulSet;
  PodDisruptionBudget: PodDisruptionBudget;
  PersistentVolume: PersistentVolume;
  PersistentVolumeClaim: PersistentVolumeClaim;
  StorageClass: StorageClass;
  CSINode: CSINode;
  CSIDriver: CSIDriver;
  CSIStorageCapacity: CSIStorageCapacity;
  VolumeAttachment: VolumeAttachment;
}

export type ClusterObjectKind = keyof KindsRead;

/** Kinds besides Node and Pod that decisions read. */
export const clusterObjectKinds: readonly ClusterObjectKind[] = [
  "Namespace",
  "Service",
  "ReplicationController",
  "ReplicaSet",
  "StatefulSet",
  "PodDisruptionBudget",
  "PersistentVolume",
  "PersistentVolumeClaim",
  "StorageClass",
  "CSINode",
  "CSIDriver",
  "CSIStorageCapacity",
  "VolumeAttachment",
];

/** Read for scores and preemption only. */
const notForFilters: ReadonlySet<ClusterObjectKind> = new Set([
  "Service",
  "ReplicationController",
  "ReplicaSet",
  "StatefulSet",
  "PodDisruptionBudget",
]);

/** Kinds besides Node and Pod that Filter plugins read. */
export const filterKinds: readonly ClusterObjectKind[] = clusterObjectKinds.filter((kind) => !notForFilters.has(kind));

/** The listers of the scheduler: objects by kind and key, in order of arrival. */
export class ClusterObjects {
  readonly #byKind: Map<string, Map<string, KubeObject>> = new Map(clusterObjectKinds.map((kind) => [kind, new Map()]));
  readonly #servicesByNamespace: Map<string, Map<string, Service>> = new Map();
  readonly #attachmentsByNode: Map<string, Map<string, VolumeAttachment>> = new Map();

  /** Count changes, so that caches know when to look again: of namespaces' labels, of what default spreading deduces, of budgets. */
  namespacesVersion = 0;
  selectorsVersion = 0;
  budgetsVersion = 0;

  /** Adds or replaces; kinds that no decision reads are ignored. */
  put(object: KubeObject): void {
    const objects = this.#byKind.get(object.kind);
    if (objects === undefined) return;
    const key = keyOf(object);
    this.#countChange(objects.get(key), object);
    this.#unindex(object.kind, key);
    objects.set(key, object);
    if (object.kind === "Service") {
      const namespace = object.metadata.namespace ?? "default";
      entry(this.#servicesByNamespace, namespace).set(key, object as Service);
    } else if (object.kind === "VolumeAttachment") {
      const attachment = object as VolumeAttachment;
      entry(this.#attachmentsByNode, attachment.spec.nodeName).set(key, attachment);
    }
  }

  drop(object: KubeObject): void {
    const key = keyOf(object);
    this.#unindex(object.kind, key);
    const objects = this.#byKind.get(object.kind);
    this.#countChange(objects?.get(key), undefined);
    objects?.delete(key);
  }

  get<K extends ClusterObjectKind>(kind: K, name: string, namespace?: string): KindsRead[K] | undefined {
    const key = namespace === undefined ? name : `${namespace}/${name}`;
    return this.#byKind.get(kind)!.get(key) as KindsRead[K] | undefined;
  }

  list<K extends ClusterObjectKind>(kind: K): IterableIterator<KindsRead[K]> {
    return this.#byKind.get(kind)!.values() as unknown as IterableIterator<KindsRead[K]>;
  }

  count(kind: ClusterObjectKind): number {
    return this.#byKind.get(kind)!.size;
  }

  servicesIn(namespace: string): Iterable<Service> {
    return this.#servicesByNamespace.get(namespace)?.values() ?? [];
  }

  attachmentsOn(nodeName: string): Iterable<VolumeAttachment> {
    return this.#attachmentsByNode.get(nodeName)?.values() ?? [];
  }

  /** Labels of a namespace; `undefined` when there is no such namespace. */
  readonly namespaceLabels = (namespace: string): Readonly<Record<string, string>> | undefined => {
    const object = this.get("Namespace", namespace);
    return object === undefined ? undefined : (object.metadata.labels ?? {});
  };

  /** The selector of the controller of that kind, if the scheduler knows one: RC, ReplicaSet and StatefulSet. */
  selectorOfOwner(kind: string, apiVersion: string, name: string, namespace: string): LabelSelector | undefined {
    if (kind === "ReplicationController" && apiVersion === "v1") {
      const matchLabels = this.get(kind, name, namespace)?.spec.selector;
      return matchLabels === undefined ? undefined : { matchLabels };
    }
    if ((kind === "ReplicaSet" || kind === "StatefulSet") && apiVersion === "apps/v1") {
      return this.get(kind, name, namespace)?.spec.selector;
    }
    return undefined;
  }

  #countChange(before: KubeObject | undefined, after: KubeObject | undefined): void {
    const kind = (after ?? before)?.kind;
    if (kind === "Namespace") {
      if (differs(before?.metadata.labels, after?.metadata.labels)) this.namespacesVersion++;
    } else if (kind === "PodDisruptionBudget") {
      this.budgetsVersion++;
    } else if (
      kind === "Service" ||
      kind === "ReplicationController" ||
      kind === "ReplicaSet" ||
      kind === "StatefulSet"
    ) {
      const [was, is] = [before, after] as readonly (Service | undefined)[];
      if (differs(was?.spec.selector, is?.spec.selector)) this.selectorsVersion++;
    }
  }

  #unindex(kind: string, key: string): void {
    const old = this.#byKind.get(kind)?.get(key);
    if (old === undefined) return;
    if (kind === "Service") this.#servicesByNamespace.get(old.metadata.namespace ?? "default")?.delete(key);
    else if (kind === "VolumeAttachment")
      this.#attachmentsByNode.get((old as VolumeAttachment).spec.nodeName)?.delete(key);
  }
}

function entry<V>(map: Map<string, Map<string, V>>, key: string): Map<string, V> {
  let inner = map.get(key);
  if (inner === undefined) {
    inner = new Map();
    map.set(key, inner);
  }
  return inner;
}

function differs(left: unknown, right: unknown): boolean {
  return left !== right && JSON.stringify(left) !== JSON.stringify(right);
}
