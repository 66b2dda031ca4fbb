import {
  applyLimitRange,
  defaultStorageClass,
  isNamespaced,
  limitRangeErrors,
  objectKey,
  type Pod,
  type PriorityClass,
  type PriorityClassLike,
  resolvePriority,
  structOf,
  withDefaultTolerations,
} from "../model/index.ts";
import { type ApiError, forbidden, notFound } from "./api-error.ts";
import { chargeQuotas } from "./quota.ts";
import type { NewObject } from "./request.ts";
import type { Store } from "./store.ts";

type Admitted = { readonly ok: true; readonly object: NewObject } | { readonly ok: false; readonly error: ApiError };
/** Changes an object on its way in, or refuses it. */
type AdmissionPlugin = (store: Store, object: NewObject) => NewObject | ApiError;

/** Mutating admission of kube-apiserver v1.36, for the plugins whose doing a cluster feels. */
export function admit(store: Store, sent: NewObject): Admitted {
  let object = withNamespace(sent);
  for (const plugin of plugins) {
    const result = plugin(store, object);
    if ("code" in result) return { ok: false, error: result };
    object = result;
  }
  return { ok: true, object };
}

/** Validating admission: limits of the namespace, and last its quotas, which are charged with it. */
export function validatingRefusal(store: Store, object: NewObject): ApiError | undefined {
  const gone = namespaceRefusal(store, object);
  if (gone !== undefined) return gone;
  return secondDefault(store, object) ?? outOfRange(store, object) ?? chargeQuotas(store, object);
}

/** Priority's word: there is one default class at most. */
function secondDefault(store: Store, object: NewObject): ApiError | undefined {
  if (object.kind !== "PriorityClass" || (object as PriorityClass).globalDefault !== true) return undefined;
  for (const { metadata, globalDefault } of store.list("PriorityClass")) {
    if (globalDefault !== true) continue;
    const why = `PriorityClass ${metadata.name} is already marked as default. Only one default can exist`;
    return forbidden("PriorityClass", object.metadata.name ?? "", why);
  }
  return undefined;
}

/** The same for a pod that asks for other resources: its quotas are charged with the difference. */
export function resizeRefusal(store: Store, before: Pod, after: Pod): ApiError | undefined {
  const { nodeName = "" } = before.spec;
  if (nodeName !== "" && store.get("Node", objectKey(undefined, nodeName)) === undefined)
    return forbidden("Pod", before.metadata.name, `node "${nodeName}" not found`);
  return outOfRange(store, after) ?? chargeQuotas(store, after, before);
}

function outOfRange(store: Store, object: NewObject): ApiError | undefined {
  if (object.kind !== "Pod" || store.count("LimitRange") === 0) return undefined;
  const errors = limitRanges(store, object).flatMap((range) => limitRangeErrors(object as unknown as Pod, range));
  if (errors.length === 0) return undefined;
  const text = errors.length === 1 ? errors[0]! : `[${errors.join(", ")}]`;
  return forbidden("Pod", object.metadata.name ?? object.metadata.generateName ?? "", text);
}

/** NamespaceLifecycle's word against an object: its namespace is not there, or on its way out. */
export function namespaceRefusal(store: Store, object: NewObject): ApiError | undefined {
  const { namespace } = object.metadata;
  if (namespace === undefined) return undefined;
  const key = objectKey(undefined, namespace);
  const stored = store.get("Namespace", key);
  if (stored === undefined) return notFound("Namespace", key);
  if (stored.metadata.deletionTimestamp === undefined) return undefined;
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
  return forbidden(object.kind, object.metadata.name ?? object.metadata.generateName ?? "", why);
}

const namespaceLifecycle: AdmissionPlugin = (store, object) => namespaceRefusal(store, object) ?? object;

const limitRanger: AdmissionPlugin = (store, object) => {
  if (object.kind !== "Pod") return object;
  let pod = object as unknown as Pod;
  for (const range of limitRanges(store, object)) pod = applyLimitRange(pod, range);
  return pod;
};

function limitRanges(store: Store, { metadata }: NewObject) {
  return [...store.list("LimitRange")].filter((range) => range.metadata.namespace === metadata.namespace);
}

const taintNodesByCondition: AdmissionPlugin = (_store, object) => {
  if (object.kind !== "Node") return object;
  const spec = (object.spec ?? {}) as { taints?: { key: string; effect: string }[] };
  const taint = { key: "node.kubernetes.io/not-ready", effect: "NoSchedule" };
  return { ...object, spec: { ...spec, taints: [...(spec.taints ?? []), taint] } };
};

const builtIn: readonly PriorityClassLike[] = [
  { name: "system-node-critical", value: 2_000_001_000, preemptionPolicy: "PreemptLowerPriority" },
  { name: "system-cluster-critical", value: 2_000_000_000, preemptionPolicy: "PreemptLowerPriority" },
];

const priority: AdmissionPlugin = (store, object) => {
  if (object.kind !== "Pod") return object;
  const { spec } = object as unknown as Pod;
  const own = [...store.list("PriorityClass")].map(({ metadata, value, globalDefault, preemptionPolicy }) => ({
    name: metadata.name,
    value: value ?? 0,
    globalDefault,
    preemptionPolicy,
  }));
  const resolved = resolvePriority(spec, [...builtIn, ...own]);
  if ("forbidden" in resolved)
    return forbidden("Pod", object.metadata.name ?? object.metadata.generateName ?? "", resolved.forbidden);
  return { ...object, spec: { ...spec, ...resolved } };
};

const defaultTolerationSeconds: AdmissionPlugin = (_store, object) => {
  if (object.kind !== "Pod") return object;
  const { spec } = object as unknown as Pod;
  const tolerations = withDefaultTolerations(spec.tolerations);
  return tolerations === spec.tolerations ? object : { ...object, spec: { ...spec, tolerations } };
};

/** Persistent volumes and claims are held while somebody uses them. */
const storageObjectInUseProtection: AdmissionPlugin = (_store, object) => {
  const finalizer = {
    PersistentVolumeClaim: "kubernetes.io/pvc-protection",
    PersistentVolume: "kubernetes.io/pv-protection",
  }[object.kind];
  const finalizers = object.metadata.finalizers ?? [];
  if (finalizer === undefined || finalizers.includes(finalizer)) return object;
  return { ...object, metadata: { ...object.metadata, finalizers: [...finalizers, finalizer] } };
};

/** A claim that names no class gets the default one; the newest if several say so. */
const storageClass: AdmissionPlugin = (store, object) => {
  const spec = object.spec as { storageClassName?: string } | undefined;
  if (object.kind !== "PersistentVolumeClaim" || spec?.storageClassName !== undefined) return object;
  const newest = defaultStorageClass(store.list("StorageClass"));
  return newest === undefined ? object : { ...object, spec: { ...spec, storageClassName: newest.metadata.name } };
};

const plugins: readonly AdmissionPlugin[] = [
  namespaceLifecycle,
  limitRanger,
  taintNodesByCondition,
  priority,
  defaultTolerationSeconds,
  storageClass,
  storageObjectInUseProtection,
];

/** Built-in kinds are put where they belong; of custom ones we do not know whether they are in a namespace at all. */
function withNamespace(object: NewObject): NewObject {
  if (structOf(object.apiVersion, object.kind) === undefined) return object;
  const { namespace, ...metadata } = object.metadata;
  if (!isNamespaced(object.kind)) return namespace === undefined ? object : { ...object, metadata };
  return namespace === undefined ? { ...object, metadata: { ...metadata, namespace: "default" } } : object;
}
