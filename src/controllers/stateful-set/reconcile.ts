import type { ApiError } from "../../apiserver/index.ts";
import {
  type Change,
  type Controller,
  callApi,
  inSlowStartBatches,
  type Outcome,
  OwnWrites,
  type Task,
  type View,
} from "../../client/index.ts";
import {
  controllerOf,
  isPodReady,
  isPodTerminal,
  keyOf,
  matchesLabelSelector,
  type ObjectKey,
  objectKey,
  type Pod,
  podCondition,
  type StatefulSet,
  sameContent,
} from "../../model/index.ts";
import { claimPods } from "../claim-dependents.ts";
import { staleCache } from "../stale-cache.ts";
import { ordinalOf } from "./identity.ts";
import { createClaims, createStatefulPod, deleteStatefulPod, fixClaimOwners } from "./pod-control.ts";
import { type Revisions, revisionsOf, templateOf, truncateHistory } from "./revisions.ts";
import { isHealthy, isRunningAndAvailable, isTerminating, revisionOf, statusOf } from "./status.ts";

const client = "statefulset-controller";

interface Memory {
  readonly own: OwnWrites;
}

/** Whether the sync ends here, and with which error. */
interface Step {
  readonly stop: boolean;
  readonly error?: ApiError;
  /** Pods of the current revision that the update deleted. */
  readonly outdated?: number;
}

const go: Step = { stop: false };
const stop: Step = { stop: true };

/** statefulset-controller of kube-controller-manager v1.36. */
export const statefulSetController: Controller<Memory> = {
  name: client,
  workers: 5,
  memory: () => ({ own: new OwnWrites() }),
  watches: [
    { kind: "StatefulSet", keys: ({ key }: Change<StatefulSet>) => [key] },
    { kind: "Pod", keys: podKeys },
    { kind: "PersistentVolumeClaim", keys: () => [] },
    { kind: "ControllerRevision", keys: () => [] },
  ],
  reconcile,
};

function podKeys({ before, after }: Change<Pod>, view: View): ObjectKey[] {
  const pod = (after ?? before)!;
  const owner = controllerOf(pod);
  if (owner !== undefined) return owner.kind === "StatefulSet" ? [objectKey(pod.metadata.namespace, owner.name)] : [];
  if (after === undefined) return [];
  const keys: ObjectKey[] = [];
  for (const set of view.inNamespace("StatefulSet", pod.metadata.namespace ?? "")) {
    const named = ordinalOf(pod.metadata.name, set) >= 0;
    if (named && matchesLabelSelector(set.spec.selector, pod.metadata.labels ?? {})) keys.push(keyOf(set));
  }
  return keys;
}

function* reconcile(key: ObjectKey, view: View, { own }: Memory): Task<Outcome> {
  const set = view.get("StatefulSet", key);
  if (set === undefined) {
    own.forget(key);
    return "done";
  }
  if (!own.seen(key, view)) return { retry: staleCache };
  const claimed = yield* claimPods(client, set, set.spec.selector, view);
  const pods = claimed.filter(({ metadata }) => ordinalOf(metadata.name, set) >= 0);
  const found = yield* revisionsOf(set, view, own);
  if ("error" in found) return { retry: found.error };
  const { revisions } = found;
  const step = set.metadata.deletionTimestamp !== undefined ? stop : yield* manage(set, pods, revisions, view, own);
  // The status counts what this sync began with, but for a pod that the update has taken away.
  const status = statusOf(set, pods, revisions, view.clock, view.nowUs, step.outdated);
  if (!sameContent(set.status, status)) {
    const reply = yield* callApi(client, { verb: "update", next: { ...set, status } as StatefulSet, part: "status" });
    if (!reply.ok) return { retry: reply.error };
    own.note(key, reply.object);
  }
  if (step.error !== undefined) return { retry: step.error };
  yield* truncateHistory(set, revisions, pods, view);
  return whenAvailable(set, pods, view);
}

function whenAvailable(set: StatefulSet, pods: readonly Pod[], view: View): Outcome {
  const { minReadySeconds = 0 } = set.spec;
  let next = Number.POSITIVE_INFINITY;
  for (const pod of pods) {
    const since = podCondition(pod, "Ready")?.lastTransitionTime;
    if (minReadySeconds === 0 || !isPodReady(pod) || since === undefined) continue;
    const atUs = view.clock.instantUs(since) + minReadySeconds * 1_000_000;
    if (atUs > view.nowUs) next = Math.min(next, atUs);
  }
  return next === Number.POSITIVE_INFINITY ? "done" : { requeueInUs: next - view.nowUs };
}

/** One sync's deeds: ordinals upward, then the condemned downward, then one update from the top. */
function* manage(set: StatefulSet, pods: readonly Pod[], revisions: Revisions, view: View, own: OwnWrites): Task<Step> {
  const start = set.spec.ordinals?.start ?? 0;
  const count = set.spec.replicas ?? 1;
  const byOrdinal = new Map(pods.map((pod) => [ordinalOf(pod.metadata.name, set), pod]));
  const replicas = Array.from({ length: count }, (_, index) => byOrdinal.get(start + index));
  const condemned = [...byOrdinal]
    .filter(([ordinal]) => ordinal < start || ordinal >= start + count)
    .sort(([a], [b]) => b - a)
    .map(([, pod]) => pod);
  const orderly = set.spec.podManagementPolicy !== "Parallel";
  const upward = yield* each(count, orderly, (index) =>
    processReplica(set, replicas[index], start + index, orderly, revisions, view, own),
  );
  if (upward.stop) return upward;
  for (const pod of condemned) {
    const error = yield* fixClaimOwners(set, pod, true, view);
    if (error !== undefined) return { stop: true, error };
  }
  const unhealthy = replicas.some((pod) => !isHealthy(pod))
    ? undefined
    : [...condemned].reverse().find((pod) => !isHealthy(pod));
  const downward = yield* each(condemned.length, orderly, (index) =>
    processCondemned(set, condemned[index]!, unhealthy, orderly, view, own),
  );
  if (downward.stop || set.spec.updateStrategy?.type === "OnDelete") return downward;
  return yield* updateFromTheTop(set, replicas, revisions, view, own);
}

/** In order until one says stop; or, for Parallel, all of them in slow-start batches. */
function* each(count: number, orderly: boolean, process: (index: number) => Task<Step>): Task<Step> {
  if (orderly) {
    for (let index = 0; index < count; index += 1) {
      const step = yield* process(index);
      if (step.stop) return step;
    }
    return go;
  }
  let stopped = false;
  const { error } = yield* inSlowStartBatches(count, function* (index) {
    const step = yield* process(index);
    if (step.stop) stopped = true;
    return step.error;
  });
  return { stop: stopped || error !== undefined, ...(error && { error }) };
}

function* processReplica(
  set: StatefulSet,
  pod: Pod | undefined,
  ordinal: number,
  orderly: boolean,
  revisions: Revisions,
  view: View,
  own: OwnWrites,
): Task<Step> {
  if (pod === undefined) {
    const revision = needsCurrent(set, ordinal) ? revisions.current : revisions.update;
    const { name } = revision.metadata;
    const error = yield* createStatefulPod(set, templateOf(revision, set), name, ordinal, view, own);
    if (error !== undefined) return { stop: true, error };
    return orderly ? stop : go;
  }
  if (isPodTerminal(pod)) {
    // The next sync makes a new one, once this one is gone.
    const error = isTerminating(pod) ? undefined : yield* deleteStatefulPod(set, pod, own);
    return { stop: true, ...(error && { error }) };
  }
  if (pod.status.phase === "Pending") {
    const error = yield* createClaims(set, ordinal, view);
    if (error !== undefined) return { stop: true, error };
  }
  if (orderly && (isTerminating(pod) || !isRunningAndAvailable(pod, set, view.clock, view.nowUs))) return stop;
  const error = yield* fixClaimOwners(set, pod, false, view);
  return error === undefined ? go : { stop: true, error };
}

/** Below the partition, or below what still runs it, a pod comes back at the old revision. */
function needsCurrent(set: StatefulSet, ordinal: number): boolean {
  const { type, rollingUpdate } = set.spec.updateStrategy ?? {};
  if (type !== "RollingUpdate") return false;
  const start = set.spec.ordinals?.start ?? 0;
  return ordinal < start + (rollingUpdate?.partition ?? (rollingUpdate ? 0 : (set.status.currentReplicas ?? 0)));
}

function* processCondemned(
  set: StatefulSet,
  pod: Pod,
  firstUnhealthy: Pod | undefined,
  orderly: boolean,
  view: View,
  own: OwnWrites,
): Task<Step> {
  if (isTerminating(pod)) return orderly ? stop : go;
  const available = isRunningAndAvailable(pod, set, view.clock, view.nowUs);
  if (orderly && !available && pod !== firstUnhealthy) return stop;
  const error = yield* deleteStatefulPod(set, pod, own);
  return orderly || error !== undefined ? { stop: true, ...(error && { error }) } : go;
}

function* updateFromTheTop(
  set: StatefulSet,
  replicas: readonly (Pod | undefined)[],
  { update }: Revisions,
  view: View,
  own: OwnWrites,
): Task<Step> {
  const partition = set.spec.updateStrategy?.rollingUpdate?.partition ?? 0;
  for (let index = replicas.length - 1; index >= partition; index -= 1) {
    const pod = replicas[index];
    if (pod === undefined) return stop; // Made in this sync.
    if (revisionOf(pod) !== update.metadata.name && !isTerminating(pod)) {
      const error = yield* deleteStatefulPod(set, pod, own);
      return { stop: true, ...(error === undefined ? { outdated: 1 } : { error }) };
    }
    if (isTerminating(pod) || !isRunningAndAvailable(pod, set, view.clock, view.nowUs)) return stop;
  }
  return go;
}
