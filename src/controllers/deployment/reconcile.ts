import type { ApiError } from "../../apiserver/index.ts";
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
  controllerOf,
  type Deployment,
  keyOf,
  matchesLabelSelector,
  type ObjectKey,
  objectKey,
  type Pod,
  type ReplicaSet,
  sameContent,
} from "../../model/index.ts";
import { claimReplicaSets } from "../claim-dependents.ts";
import { sizeAnnotations } from "./annotations.ts";
import { cleanUpHistory } from "./history.ts";
import { currentAndOld, isFailure, newReplicaSet } from "./new-replica-set.ts";
import { isScalingEvent, scaledSizes } from "./proportional-scaling.ts";
import { mayRecreate } from "./recreate.ts";
import { rollBack } from "./rollback.ts";
import { type Resize, rollingStep } from "./rolling-update.ts";
import { deadlineUs, hasDeadline, isComplete, statusOf, withCondition, withProgress } from "./status.ts";

const client = "deployment-controller";

/** deployment-controller of kube-controller-manager v1.36. It remembers nothing; a stale cache costs it a 409. */
export const deploymentController: Controller<undefined> = {
  name: client,
  workers: 5,
  maxRetries: 15,
  memory: () => undefined,
  watches: [
    { kind: "Deployment", keys: ({ key }: Change<Deployment>) => [key] },
    { kind: "ReplicaSet", keys: replicaSetKeys },
    { kind: "Pod", keys: podKeys },
  ],
  reconcile,
};

function replicaSetKeys({ before, after }: Change<ReplicaSet>, view: View): ObjectKey[] {
  const replicaSet = (after ?? before)!;
  const { namespace, labels = {} } = replicaSet.metadata;
  const owner = controllerOf(replicaSet);
  if (owner !== undefined) return owner.kind === "Deployment" ? [objectKey(namespace, owner.name)] : [];
  const keys: ObjectKey[] = [];
  for (const deployment of view.inNamespace("Deployment", namespace ?? "")) {
    if (matchesLabelSelector(deployment.spec.selector, labels)) keys.push(keyOf(deployment));
  }
  return keys;
}

/** Only the end of a pod matters, and only to Recreate: its successor waits for that. */
function podKeys({ before, after }: Change<Pod>, view: View): ObjectKey[] {
  if (after !== undefined || before === undefined) return [];
  const owner = controllerOf(before);
  if (owner?.kind !== "ReplicaSet") return [];
  const replicaSet = view.get("ReplicaSet", objectKey(before.metadata.namespace, owner.name));
  const deployment = replicaSet && controllerOf(replicaSet);
  if (deployment?.kind !== "Deployment") return [];
  const key = objectKey(before.metadata.namespace, deployment.name);
  return view.get("Deployment", key)?.spec.strategy?.type === "Recreate" ? [key] : [];
}

function* reconcile(key: ObjectKey, view: View): Task<Outcome> {
  const deployment = view.get("Deployment", key);
  if (deployment === undefined) return "done";
  if (selectsEverything(deployment)) return yield* refuseToSelectEverything(deployment);
  const replicaSets = yield* claimReplicaSets(client, deployment, view);
  if (deployment.metadata.deletionTimestamp !== undefined) return yield* writeStatus(deployment, replicaSets, view);
  const paused = yield* notePause(deployment, view);
  if (paused !== undefined) return paused;
  if (deployment.spec.paused === true) return yield* scale(deployment, replicaSets, view);
  if (deployment.metadata.annotations?.["deprecated.deployment.rollback.to"] !== undefined) {
    return yield* rollBack(client, deployment, replicaSets);
  }
  if (isScalingEvent(deployment, replicaSets)) return yield* scale(deployment, replicaSets, view);
  return deployment.spec.strategy?.type === "Recreate"
    ? yield* recreate(deployment, replicaSets, view)
    : yield* rollingUpdate(deployment, replicaSets, view);
}

function selectsEverything({ spec }: Deployment): boolean {
  const { matchLabels = {}, matchExpressions = [] } = spec.selector;
  return Object.keys(matchLabels).length === 0 && matchExpressions.length === 0;
}

function* refuseToSelectEverything(deployment: Deployment): Task<Outcome> {
  const message = "This deployment is selecting all pods. A non-empty selector is required.";
  yield* recordEvent(client, deployment, "Warning", "SelectingAll", message);
  const observedGeneration = deployment.metadata.generation;
  if (deployment.status.observedGeneration === observedGeneration) return "done";
  return yield* put({ ...deployment, status: { ...deployment.status, observedGeneration } }, "status");
}

/** Pausing and resuming is noted in the Progressing condition, in a write of its own, so that the clock stands still. */
function* notePause(deployment: Deployment, view: View): Task<Outcome | undefined> {
  if (!hasDeadline(deployment)) return undefined;
  const conditions = deployment.status.conditions ?? [];
  const current = conditions.find(({ type }) => type === "Progressing");
  const noted = current?.reason === "DeploymentPaused";
  const paused = deployment.spec.paused === true;
  if (noted === paused || current?.reason === "ProgressDeadlineExceeded") return undefined;
  const condition = paused
    ? { reason: "DeploymentPaused", message: "Deployment is paused" }
    : { reason: "DeploymentResumed", message: "Deployment is resumed" };
  const time = view.clock.time(view.nowUs);
  const next = withCondition(conditions, { type: "Progressing", status: "Unknown", ...condition }, time);
  const outcome = yield* put({ ...deployment, status: { ...deployment.status, conditions: next } }, "status");
  return outcome === "done" ? undefined : outcome;
}

function* scale(deployment: Deployment, replicaSets: readonly ReplicaSet[], view: View): Task<Outcome> {
  const { fresh, old } = currentAndOld(deployment, replicaSets);
  const updated = fresh === undefined ? undefined : yield* newReplicaSet(deployment, fresh, old, view);
  if (isFailure(updated)) return updated;
  const resized = yield* resizeAll(deployment, scaledSizes(deployment, updated?.replicaSet, old));
  if (isFailure(resized)) return resized;
  if (deployment.spec.paused === true) {
    const cleaned = yield* cleanUpHistory(client, deployment, old);
    if (cleaned !== undefined) return { retry: cleaned };
  }
  const everyone = updated === undefined ? old : [...old, updated.replicaSet];
  return yield* writeStatus(deployment, replace(everyone, resized), view);
}

function* rollingUpdate(deployment: Deployment, replicaSets: readonly ReplicaSet[], view: View): Task<Outcome> {
  const { fresh: known, old } = currentAndOld(deployment, replicaSets);
  const made = yield* newReplicaSet(deployment, known, old, view);
  if (isFailure(made)) return made;
  const { replicaSet: fresh, deployment: current } = made;
  const resized = yield* resizeAll(current, rollingStep(current, fresh, old));
  if (isFailure(resized)) return resized;
  if (resized.length === 0 && isComplete(current, current.status)) {
    const cleaned = yield* cleanUpHistory(client, current, old);
    if (cleaned !== undefined) return { retry: cleaned };
  }
  return yield* writeRolloutStatus(current, replace([...old, fresh], resized), fresh, view);
}

function* recreate(deployment: Deployment, replicaSets: readonly ReplicaSet[], view: View): Task<Outcome> {
  const { fresh: known, old } = currentAndOld(deployment, replicaSets);
  const downs = old.filter(({ spec }) => (spec.replicas ?? 1) > 0).map((replicaSet) => ({ replicaSet, replicas: 0 }));
  if (downs.length > 0) {
    const resized = yield* resizeAll(deployment, downs);
    if (isFailure(resized)) return resized;
    return yield* writeRolloutStatus(deployment, replace(replicaSets, resized), known, view);
  }
  if (!mayRecreate(known, old, view)) return yield* writeRolloutStatus(deployment, replicaSets, known, view);
  const made = yield* newReplicaSet(deployment, known, old, view);
  if (isFailure(made)) return made;
  const { replicaSet: fresh, deployment: current } = made;
  const wanted = current.spec.replicas ?? 1;
  const step = (fresh.spec.replicas ?? 1) === wanted ? [] : [{ replicaSet: fresh, replicas: wanted }];
  const resized = yield* resizeAll(current, step);
  if (isFailure(resized)) return resized;
  if (isComplete(current, current.status)) {
    const cleaned = yield* cleanUpHistory(client, current, old);
    if (cleaned !== undefined) return { retry: cleaned };
  }
  return yield* writeRolloutStatus(current, replace([...old, fresh], resized), fresh, view);
}

/** Writes new sizes one after another, each with its event; stops at the first refusal. */
function* resizeAll(
  deployment: Deployment,
  resizes: readonly Resize[],
): Task<ReplicaSet[] | { readonly retry: ApiError }> {
  const written: ReplicaSet[] = [];
  for (const { replicaSet, replicas } of resizes) {
    const before = replicaSet.spec.replicas ?? 1;
    const annotations = { ...replicaSet.metadata.annotations, ...sizeAnnotations(deployment) };
    if (before === replicas && sameContent(annotations, replicaSet.metadata.annotations)) continue;
    const metadata = { ...replicaSet.metadata, annotations };
    const next = { ...replicaSet, metadata, spec: { ...replicaSet.spec, replicas } };
    const reply = yield* callApi(client, { verb: "update", next, part: "main" });
    if (!reply.ok) return { retry: reply.error };
    written.push(reply.object as ReplicaSet);
    if (before === replicas) continue;
    const direction = replicas > before ? "up" : "down";
    const message = `Scaled ${direction} replica set ${replicaSet.metadata.name} from ${before} to ${replicas}`;
    yield* recordEvent(client, deployment, "Normal", "ScalingReplicaSet", message);
  }
  return written;
}

function replace(replicaSets: readonly ReplicaSet[], written: readonly ReplicaSet[]): ReplicaSet[] {
  return replicaSets.map(
    (replicaSet) => written.find(({ metadata }) => metadata.uid === replicaSet.metadata.uid) ?? replicaSet,
  );
}

function* writeStatus(deployment: Deployment, replicaSets: readonly ReplicaSet[], view: View): Task<Outcome> {
  const { fresh, old } = currentAndOld(deployment, replicaSets);
  const status = statusOf(deployment, fresh, old, view.clock, view.nowUs);
  return sameContent(status, deployment.status) ? "done" : yield* put({ ...deployment, status }, "status");
}

function* writeRolloutStatus(
  deployment: Deployment,
  replicaSets: readonly ReplicaSet[],
  fresh: ReplicaSet | undefined,
  view: View,
): Task<Outcome> {
  const current = fresh && replicaSets.find(({ metadata }) => metadata.uid === fresh.metadata.uid);
  const old = replicaSets.filter((replicaSet) => replicaSet !== current);
  const counted = statusOf(deployment, current, old, view.clock, view.nowUs);
  const status = withProgress(deployment, counted, current, old, view.clock, view.nowUs);
  if (!sameContent(status, deployment.status)) {
    const outcome = yield* put({ ...deployment, status }, "status");
    if (outcome !== "done") return outcome;
  }
  return recheck(deployment, status, view);
}

/** A rollout that may get stuck is looked at once more, a second after its deadline. */
function recheck(deployment: Deployment, status: Deployment["status"], view: View): Outcome {
  const current = status.conditions?.find(({ type }) => type === "Progressing");
  if (!hasDeadline(deployment) || deployment.spec.paused === true || isComplete(deployment, status)) return "done";
  if (current?.reason === "NewReplicaSetAvailable" || current?.reason === "ProgressDeadlineExceeded") return "done";
  const atUs = deadlineUs(deployment, status.conditions ?? [], view.clock);
  return atUs === undefined ? "done" : { requeueInUs: Math.max(0, atUs + 1_000_000 - view.nowUs) };
}

function* put(next: Deployment, part: "main" | "status"): Task<Outcome> {
  const reply = yield* callApi(client, { verb: "update", next, part });
  return reply.ok || reply.error.code === 404 ? "done" : { retry: reply.error };
}
