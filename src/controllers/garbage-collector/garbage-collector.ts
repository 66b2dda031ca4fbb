import {
  type Change,
  type Controller,
  callApi,
  type Outcome,
  recordEvent,
  type Task,
  type View,
} from "../../client/index.ts";
import {
  isNamespaced,
  type Kind,
  type KubeObject,
  keyOf,
  type ObjectKey,
  type ObjectMeta,
  type OwnerReference,
  objectKey,
  otherFinalizers,
  type Uid,
} from "../../model/index.ts";

const client = "generic-garbage-collector";

/** Who depends on whom, as the collector has seen it. */
interface Memory {
  readonly dependents: Map<Uid, Set<ObjectKey>>;
  /** What is known to exist, with its namespace. */
  readonly alive: Map<Uid, string | undefined>;
}

/**
 * generic-garbage-collector of kube-controller-manager v1.36 for objects of `kinds`: background, foreground and orphaning
 * deletion. Whose owner is of another kind is kept, as what nobody serves cannot be looked for.
 */
export function garbageCollector(kinds: readonly Kind[]): Controller<Memory> {
  const served = new Set(kinds);
  return {
    name: client,
    workers: 20,
    memory: () => ({ dependents: new Map(), alive: new Map() }),
    watches: kinds.map((kind) => ({
      kind,
      keys: (change: Change, _view: View, memory: Memory) => note(change, memory),
    })),
    reconcile: (key, view, memory) => reconcile(key, view, memory, served),
  };
}

/** A queue key that names the kind too: `Pod|default/web-1`. */
function graphKey({ kind, metadata }: KubeObject): ObjectKey {
  return `${kind}|${keyOf({ metadata })}` as ObjectKey;
}

function note({ before, after }: Change, { dependents, alive }: Memory): ObjectKey[] {
  const object = (after ?? before)!;
  const changesOwners = before?.metadata.ownerReferences !== after?.metadata.ownerReferences;
  const lives = before !== undefined && after !== undefined && after.metadata.deletionTimestamp === undefined;
  if (lives && !changesOwners) return [];
  const key = graphKey(object);
  const owners = object.metadata.ownerReferences ?? [];
  if (changesOwners) {
    for (const { uid } of before?.metadata.ownerReferences ?? []) dependents.get(uid)?.delete(key);
    for (const { uid } of after?.metadata.ownerReferences ?? []) {
      const known = dependents.get(uid);
      if (known === undefined) dependents.set(uid, new Set([key]));
      else known.add(key);
    }
  }
  if (after === undefined) {
    const { uid } = object.metadata;
    alive.delete(uid);
    const orphaned = [...(dependents.get(uid) ?? [])];
    dependents.delete(uid);
    // Owners that wait for their dependents are looked at again.
    const waiting = owners.map((owner) => ownerKey(owner, object));
    return [...orphaned, ...waiting];
  }
  alive.set(object.metadata.uid, object.metadata.namespace);
  const finalizers = after.metadata.deletionTimestamp === undefined ? [] : (after.metadata.finalizers ?? []);
  const special = finalizers.includes("foregroundDeletion") || finalizers.includes("orphan");
  const { namespace } = object.metadata;
  const missing = ({ uid }: OwnerReference): boolean => !alive.has(uid) || isElsewhere(alive.get(uid), namespace);
  const doubtful = changesOwners && owners.some(missing);
  return special || doubtful ? [key] : [];
}

/** What has a namespace owns nothing outside of it. */
const isElsewhere = (owners: string | undefined, namespace: string | undefined): boolean =>
  owners !== undefined && owners !== namespace;

/** An owner lives in the namespace of what it owns, or in none. */
function keyOfOwner({ kind, name }: OwnerReference, { metadata }: KubeObject): ObjectKey {
  return objectKey(isNamespaced(kind) ? metadata.namespace : undefined, name);
}

function ownerKey(owner: OwnerReference, object: KubeObject): ObjectKey {
  return `${owner.kind}|${keyOfOwner(owner, object)}` as ObjectKey;
}

function split(key: ObjectKey): { readonly kind: Kind; readonly key: ObjectKey } {
  const bar = key.indexOf("|");
  return { kind: key.slice(0, bar), key: key.slice(bar + 1) as ObjectKey };
}

function* reconcile(graphKey: ObjectKey, view: View, memory: Memory, served: ReadonlySet<Kind>): Task<Outcome> {
  const { kind, key } = split(graphKey);
  const object = served.has(kind) ? view.get(kind, key) : undefined;
  if (object === undefined) return "done";
  const finalizers = object.metadata.deletionTimestamp === undefined ? [] : (object.metadata.finalizers ?? []);
  if (finalizers.includes("orphan")) return yield* orphanDependents(object, view, memory);
  if (finalizers.includes("foregroundDeletion")) return yield* deleteDependents(object, view, memory);
  return yield* deleteIfAbandoned(object, memory, served);
}

/** Deletes an object none of whose owners exists; dangling references beside living owners are taken out. */
function* deleteIfAbandoned(object: KubeObject, { alive }: Memory, served: ReadonlySet<Kind>): Task<Outcome> {
  const owners = object.metadata.ownerReferences ?? [];
  if (owners.length === 0 || object.metadata.deletionTimestamp !== undefined) return "done";
  const gone: Uid[] = [];
  for (const owner of owners) {
    if (!served.has(owner.kind)) continue;
    if (isElsewhere(alive.get(owner.uid), object.metadata.namespace)) yield* reportElsewhere(owner, object);
    const key = keyOfOwner(owner, object);
    const reply = yield* callApi(client, { verb: "get", kind: owner.kind, key });
    if (!reply.ok && reply.error.code !== 404) return { retry: reply.error };
    if (!reply.ok || reply.object.metadata.uid !== owner.uid) gone.push(owner.uid);
  }
  if (gone.length === 0) return "done";
  const key = keyOf(object);
  const { kind } = object;
  const { uid } = object.metadata;
  if (gone.length < owners.length) return yield* dropReferences(object, gone);
  const finalizers = object.metadata.finalizers ?? [];
  const propagationPolicy = finalizers.includes("orphan")
    ? "Orphan"
    : finalizers.includes("foregroundDeletion")
      ? "Foreground"
      : "Background";
  const reply = yield* callApi(client, {
    verb: "delete",
    kind,
    key,
    options: { propagationPolicy, preconditions: { uid } },
  });
  return reply.ok || reply.error.code === 404 ? "done" : { retry: reply.error };
}

function reportElsewhere({ apiVersion, kind, name, uid }: OwnerReference, object: KubeObject): Task<void> {
  const namespace = object.metadata.namespace ?? "";
  const reference = `[${apiVersion}/${kind}, namespace: ${namespace}, name: ${name}, uid: ${uid}]`;
  const message = `ownerRef ${reference} does not exist in namespace ${JSON.stringify(namespace)}`;
  return recordEvent("garbage-collector-controller", object, "Warning", "OwnerRefInvalidNamespace", message);
}

function dropReferences(object: KubeObject, gone: readonly Uid[]): Task<Outcome> {
  return changeMetadata(object, (metadata) => ({
    ...metadata,
    ownerReferences: (metadata.ownerReferences ?? []).filter(({ uid }) => !gone.includes(uid)),
  }));
}

function* changeMetadata(object: KubeObject, edit: (metadata: ObjectMeta) => ObjectMeta): Task<Outcome> {
  const change = (stored: KubeObject): KubeObject => ({ ...stored, metadata: edit(stored.metadata) });
  const { kind } = object;
  const { uid } = object.metadata;
  const reply = yield* callApi(client, { verb: "patch", kind, key: keyOf(object), uid, part: "main", change });
  return reply.ok || reply.error.code === 404 ? "done" : { retry: reply.error };
}

function* orphanDependents(object: KubeObject, view: View, memory: Memory): Task<Outcome> {
  for (const dependent of [...(memory.dependents.get(object.metadata.uid) ?? [])]) {
    const { kind, key } = split(dependent);
    const found = view.get(kind, key);
    if (found === undefined) continue;
    const outcome = yield* dropReferences(found, [object.metadata.uid]);
    if (outcome !== "done") return outcome;
  }
  return yield* removeFinalizer(object, "orphan");
}

function* deleteDependents(object: KubeObject, view: View, memory: Memory): Task<Outcome> {
  let blocking = 0;
  for (const dependent of [...(memory.dependents.get(object.metadata.uid) ?? [])]) {
    const { kind, key } = split(dependent);
    const found = view.get(kind, key);
    if (found === undefined) continue;
    const reference = found.metadata.ownerReferences?.find(({ uid }) => uid === object.metadata.uid);
    if (reference?.blockOwnerDeletion === true) blocking += 1;
    if (found.metadata.deletionTimestamp !== undefined) continue;
    const propagationPolicy = kind === "Pod" ? "Background" : "Foreground";
    const options = { propagationPolicy, preconditions: { uid: found.metadata.uid } } as const;
    const reply = yield* callApi(client, { verb: "delete", kind, key, options });
    if (!reply.ok && reply.error.code !== 404) return { retry: reply.error };
  }
  return blocking === 0 ? yield* removeFinalizer(object, "foregroundDeletion") : "done";
}

function removeFinalizer(object: KubeObject, finalizer: string): Task<Outcome> {
  return changeMetadata(object, (metadata) => ({
    ...metadata,
    finalizers: otherFinalizers({ metadata }, finalizer),
  }));
}
