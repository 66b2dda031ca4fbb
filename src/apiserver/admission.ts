import { isKnownKind, kindInfos, objectKey, type PodSpec, type PriorityClass } from "../model/index.ts";
import { type ApiError, forbidden, notFound } from "./api-error.ts";
import type { NewObject } from "./request.ts";
import type { Store } from "./store.ts";

type Admitted = { readonly ok: true; readonly object: NewObject } | { readonly ok: false; readonly error: ApiError };
/** Changes an object on its way in, or refuses it. */
type AdmissionPlugin = (store: Store, object: NewObject) => NewObject | ApiError;

/** Mutating, then validating admission of kube-apiserver v1.36, for the plugins whose doing a cluster feels. */
export function admit(store: Store, sent: NewObject): Admitted {
  let object = withNamespace(sent);
  for (const plugin of plugins) {
    const result = plugin(store, object);
    if ("code" in result) return { ok: false, error: result };
    object = result;
  }
  return { ok: true, object };
}

const namespaceLifecycle: AdmissionPlugin = (store, object) => namespaceRefusal(store, object) ?? object;

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

const taintNodesByCondition: AdmissionPlugin = (_store, object) => {
  if (object.kind !== "Node") return object;
  const spec = (object.spec ?? {}) as { taints?: { key: string; effect: string }[] };
  const taint = { key: "node.kubernetes.io/not-ready", effect: "NoSchedule" };
  return { ...object, spec: { ...spec, taints: [...(spec.taints ?? []), taint] } };
};

const priority: AdmissionPlugin = (store, object) => {
  if (object.kind !== "Pod") return object;
  const spec = object.spec as PodSpec;
  const name = spec.priorityClassName;
  const builtIn = { "system-node-critical": 2_000_001_000, "system-cluster-critical": 2_000_000_000 };
  if (name === undefined || name === "") {
    const chosen = globalDefault(store);
    const priorityClassName = chosen?.metadata.name;
    const preemptionPolicy = chosen?.preemptionPolicy ?? "PreemptLowerPriority";
    const value = chosen?.value ?? 0;
    return { ...object, spec: { ...spec, ...(chosen && { priorityClassName }), priority: value, preemptionPolicy } };
  }
  const value = (builtIn as Record<string, number>)[name];
  if (value !== undefined) {
    return { ...object, spec: { ...spec, priority: value, preemptionPolicy: "PreemptLowerPriority" } };
  }
  const found = store.get("PriorityClass", objectKey(undefined, name));
  if (found === undefined)
    return forbidden("Pod", object.metadata.name ?? "", `no PriorityClass with name ${name} was found`);
  const preemptionPolicy = found.preemptionPolicy ?? "PreemptLowerPriority";
  return { ...object, spec: { ...spec, priority: found.value, preemptionPolicy } };
};

function globalDefault(store: Store): PriorityClass | undefined {
  let lowest: PriorityClass | undefined;
  for (const found of store.list("PriorityClass")) {
    if (found.globalDefault === true && (lowest === undefined || (found.value ?? 0) < (lowest.value ?? 0)))
      lowest = found;
  }
  return lowest;
}

const defaultTolerationSeconds: AdmissionPlugin = (_store, object) => {
  if (object.kind !== "Pod") return object;
  const spec = object.spec as PodSpec;
  const tolerations = spec.tolerations ?? [];
  const added = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"]
    .filter((key) => !tolerations.some((toleration) => toleratesNoExecute(toleration, key)))
    .map((key) => ({ key, operator: "Exists", effect: "NoExecute", tolerationSeconds: 300 }));
  return added.length === 0 ? object : { ...object, spec: { ...spec, tolerations: [...tolerations, ...added] } };
};

function toleratesNoExecute(
  { key, effect }: { readonly key?: string; readonly effect?: string },
  taint: string,
): boolean {
  return ((key ?? "") === "" || key === taint) && ((effect ?? "") === "" || effect === "NoExecute");
}

const plugins: readonly AdmissionPlugin[] = [
  namespaceLifecycle,
  taintNodesByCondition,
  priority,
  defaultTolerationSeconds,
];

function withNamespace(object: NewObject): NewObject {
  if (!isKnownKind(object.kind)) return object;
  const { namespace, ...metadata } = object.metadata;
  if (!kindInfos[object.kind].namespaced) return namespace === undefined ? object : { ...object, metadata };
  return namespace === undefined ? { ...object, metadata: { ...metadata, namespace: "default" } } : object;
}
