import type { ApiError } from "../../apiserver/index.ts";
import {
  all,
  type Change,
  type Controller,
  callApi,
  Expectations,
  inSlowStartBatches,
  type Outcome,
  OwnWrites,
  type Task,
  type View,
} from "../../client/index.ts";
import {
  controllerOf,
  isPodActive,
  type KubeObject,
  keyOf,
  matchesLabelSelector,
  type ObjectKey,
  objectKey,
  type Pod,
  type ReplicaSet,
  type ReplicationController,
  sameContent,
} from "../../model/index.ts";
import { claimPods } from "../claim-dependents.ts";
import { createPod, deletePod, podFromTemplate } from "../pod-control.ts";
import { staleCache } from "../stale-cache.ts";
import { inDeletionOrder } from "./deletion-ranking.ts";
import { countsOf, keptCounts, nextAvailableUs, statusOf } from "./status.ts";

/** The two kinds that keep a number of pods: as upstream, one controller, run twice under two names. */
interface Flavor {
  readonly client: string;
  readonly kind: "ReplicaSet" | "ReplicationController";
}
/** BurstReplicas: creations or deletions in one sync at most. */
const burstReplicas = 500;

interface Memory {
  readonly expectations: Expectations;
  readonly own: OwnWrites;
}

type PodChange = { readonly create: number } | { readonly remove: readonly Pod[] } | undefined;

/** replicaset-controller of kube-controller-manager v1.36. */
export const replicaSetController = controllerOfFlavor({ client: "replicaset-controller", kind: "ReplicaSet" });

/** replication-controller of kube-controller-manager v1.36: the same, for the kind that came before. */
export const replicationController = controllerOfFlavor({
  client: "replication-controller",
  kind: "ReplicationController",
});

function controllerOfFlavor(flavor: Flavor): Controller<Memory> {
  return {
    name: flavor.client,
    workers: 5,
    memory: () => ({ expectations: new Expectations(), own: new OwnWrites() }),
    watches: [
      { kind: flavor.kind, keys: ({ key }: Change<ReplicaSet>) => [key] },
      { kind: "Pod", keys: (change: Change<Pod>, view, memory) => podKeys(change, view, memory, flavor) },
    ],
    reconcile: (key, view, memory) => reconcile(key, view, memory, flavor),
  };
}

/** A ReplicationController read as a ReplicaSet: its selector is a plain map. */
function asReplicaSet(object: KubeObject): ReplicaSet {
  if (object.kind !== "ReplicationController") return object as ReplicaSet;
  const { spec } = object as ReplicationController;
  return { ...object, spec: { ...spec, selector: { matchLabels: spec.selector } } } as unknown as ReplicaSet;
}

/** A pod wakes its owner, or whoever may adopt it; what it shows settles expectations. */
function podKeys(
  { before, after }: Change<Pod>,
  view: View,
  { expectations }: Memory,
  { kind }: Flavor,
): Iterable<ObjectKey> {
  const pod = (after ?? before)!;
  const owner = controllerOf(pod);
  const previous = before && after ? controllerOf(before) : undefined;
  const keys: ObjectKey[] = [];
  if (previous?.kind === kind && previous.uid !== owner?.uid) {
    keys.push(objectKey(pod.metadata.namespace, previous.name));
  }
  if (owner !== undefined) {
    if (owner.kind !== kind) return keys;
    const key = objectKey(pod.metadata.namespace, owner.name);
    if (before === undefined) expectations.created(key);
    if (after === undefined || after.metadata.deletionTimestamp !== undefined)
      expectations.deleted(key, pod.metadata.uid);
    keys.push(key);
  } else if (after !== undefined && after.metadata.deletionTimestamp === undefined) {
    for (const object of view.inNamespace(kind, pod.metadata.namespace ?? "")) {
      const replicaSet = asReplicaSet(object);
      if (matchesLabelSelector(replicaSet.spec.selector, pod.metadata.labels ?? {})) keys.push(keyOf(replicaSet));
    }
  }
  return keys;
}

/** One sync. Decisions are plain functions; every request is yielded, so that the runtime may delay, refuse or lose it. */
function* reconcile(key: ObjectKey, view: View, { expectations, own }: Memory, flavor: Flavor): Task<Outcome> {
  const { client, kind } = flavor;
  const object = view.get(kind, key);
  if (object === undefined) {
    own.forget(key);
    expectations.forget(key); // Deleted while queued; its pods are the garbage collector's.
    return "done";
  }
  if (!own.seen(key, view)) return { retry: staleCache };
  const replicaSet = asReplicaSet(object);
  const mayManage = expectations.satisfied(key, view.nowUs);
  const kept = keptCounts(replicaSet, view);
  const claimed = kept === undefined ? yield* claimPods(client, replicaSet, replicaSet.spec.selector, view) : undefined;
  let failure: { reason: "FailedCreate" | "FailedDelete"; error: ApiError } | undefined;
  if (mayManage && replicaSet.metadata.deletionTimestamp === undefined) {
    const change = decideChange(replicaSet, kept?.replicas, claimed, view);
    if (change !== undefined && "create" in change) {
      const error = yield* createPods(client, replicaSet, key, change.create, expectations, view);
      if (error !== undefined) failure = { reason: "FailedCreate", error };
    } else if (change !== undefined) {
      const error = yield* deletePods(client, replicaSet, key, change.remove, expectations, view);
      if (error !== undefined) failure = { reason: "FailedDelete", error };
    }
  }
  const counts = kept ?? countsOf(replicaSet, claimed!, view.clock, view.nowUs);
  const status = statusOf(replicaSet, counts, failure, view.clock.time(view.nowUs));
  const statusError = yield* updateStatus(client, object, status, own);
  if (failure !== undefined) return { retry: failure.error };
  if (statusError !== undefined) return { retry: statusError };
  const availableUs = claimed && nextAvailableUs(replicaSet, claimed, view.clock, view.nowUs);
  return availableUs === undefined ? "done" : { requeueInUs: availableUs - view.nowUs };
}

/** `claimed` is left out while the number of active pods is known: most syncs need no more. */
function decideChange(
  replicaSet: ReplicaSet,
  activePods: number | undefined,
  claimed: readonly Pod[] | undefined,
  view: View,
): PodChange {
  const surplus = (activePods ?? claimed!.filter(isPodActive).length) - (replicaSet.spec.replicas ?? 1);
  if (surplus < 0) return { create: Math.min(-surplus, burstReplicas) };
  if (surplus === 0) return undefined;
  const active = (claimed ?? [...view.ownedBy("Pod", replicaSet.metadata.uid)]).filter(isPodActive);
  const count = Math.min(surplus, burstReplicas);
  if (count === active.length) return { remove: active };
  const neighbours = neighbourCounts(replicaSet, view);
  const ranked = inDeletionOrder(active, (node) => neighbours.get(node) ?? 0, view.clock, view.nowUs);
  return { remove: ranked.slice(0, count) };
}

/** Active pods per node of all ReplicaSets that share this one's owner. */
function neighbourCounts(replicaSet: ReplicaSet, view: View): ReadonlyMap<string, number> {
  const owner = controllerOf(replicaSet);
  const family = owner === undefined ? [replicaSet] : view.ownedBy("ReplicaSet", owner.uid);
  const counts = new Map<string, number>();
  for (const { metadata } of family) {
    for (const pod of view.ownedBy("Pod", metadata.uid)) {
      const node = pod.spec.nodeName ?? "";
      if (isPodActive(pod)) counts.set(node, (counts.get(node) ?? 0) + 1);
    }
  }
  return counts;
}

function* createPods(
  client: string,
  replicaSet: ReplicaSet,
  key: ObjectKey,
  count: number,
  expectations: Expectations,
  view: View,
): Task<ApiError | undefined> {
  expectations.expectCreations(key, count, view.nowUs);
  const pod = podFromTemplate(replicaSet, replicaSet.spec.template ?? {});
  let attempted = 0;
  const { error } = yield* inSlowStartBatches(count, function* () {
    attempted += 1;
    const refused = yield* createPod(client, replicaSet, pod);
    if (refused !== undefined) expectations.created(key);
    return refused;
  });
  for (let skipped = attempted; skipped < count; skipped += 1) expectations.created(key);
  return error;
}

function* deletePods(
  client: string,
  replicaSet: ReplicaSet,
  key: ObjectKey,
  pods: readonly Pod[],
  expectations: Expectations,
  view: View,
): Task<ApiError | undefined> {
  expectations.expectDeletions(
    key,
    pods.map(({ metadata }) => metadata.uid),
    view.nowUs,
  );
  const errors = yield* all(
    pods.map(function* (pod): Task<ApiError | undefined> {
      const error = yield* deletePod(client, replicaSet, pod);
      if (error !== undefined) expectations.deleted(key, pod.metadata.uid);
      return error;
    }),
  );
  return errors.find((error) => error !== undefined);
}

/** Writes the status if it says something new; a conflict is tried once more on a fresh copy. */
function* updateStatus(
  client: string,
  object: KubeObject,
  computed: ReplicaSet["status"],
  own: OwnWrites,
): Task<ApiError | undefined> {
  const { terminatingReplicas: _, ...older } = computed;
  const status = object.kind === "ReplicaSet" ? computed : older;
  if (sameContent((object as ReplicaSet).status, status)) return undefined;
  const reply = yield* callApi(client, { verb: "update", next: { ...object, status } as ReplicaSet, part: "status" });
  if (reply.ok) {
    own.note(keyOf(object), reply.object);
    return undefined;
  }
  const fresh = yield* callApi(client, { verb: "get", kind: object.kind, key: keyOf(object) });
  if (!fresh.ok) return fresh.error.code === 404 ? undefined : fresh.error;
  const next = { ...fresh.object, status } as ReplicaSet;
  const again = yield* callApi(client, { verb: "update", next, part: "status" });
  if (again.ok) own.note(keyOf(object), again.object);
  return again.ok ? undefined : again.error;
}
