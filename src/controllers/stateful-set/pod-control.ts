import type { ApiError } from "../../apiserver/index.ts";
import { callApi, type OwnWrites, recordEvent, type Task, type View } from "../../client/index.ts";
import {
  keyOf,
  objectKey,
  type PersistentVolumeClaim,
  type Pod,
  type PodTemplateSpec,
  type StatefulSet,
} from "../../model/index.ts";
import { claimNameOf, claimOf, ordinalOf, ownerReference, podNameOf, podOf } from "./identity.ts";

const client = "statefulset-controller";

/** Creates the pod of an ordinal, its claims first, with upstream's events (StatefulPodControl). */
export function* createStatefulPod(
  set: StatefulSet,
  template: PodTemplateSpec,
  revision: string,
  ordinal: number,
  view: View,
  own: OwnWrites,
): Task<ApiError | undefined> {
  const name = podNameOf(set, ordinal);
  const refused = yield* createClaims(set, ordinal, view);
  if (refused !== undefined) {
    yield* record(set, "create", name, refused);
    return refused;
  }
  const reply = yield* callApi(client, { verb: "create", object: podOf(set, template, revision, ordinal) });
  if (reply.ok) own.note(keyOf(set), reply.object);
  // One that is there already is found by the next sync.
  else if (reply.error.reason === "AlreadyExists") return reply.error;
  // While the namespace is going away a refusal is what one would expect, and no news.
  else if (reply.error.message.includes("because it is being terminated")) return reply.error;
  yield* record(set, "create", name, reply.ok ? undefined : reply.error);
  return reply.ok ? undefined : reply.error;
}

export function* deleteStatefulPod(set: StatefulSet, pod: Pod, own: OwnWrites): Task<ApiError | undefined> {
  const reply = yield* callApi(client, { verb: "delete", kind: "Pod", key: keyOf(pod) });
  if (reply.ok) own.note(keyOf(set), reply.object);
  const error = reply.ok || reply.error.code === 404 ? undefined : reply.error;
  yield* record(set, "delete", pod.metadata.name, error);
  return error;
}

function* record(set: StatefulSet, verb: "create" | "delete", name: string, error: ApiError | undefined): Task<void> {
  const past = verb === "create" ? "Create" : "Delete";
  const what = `${past} Pod ${name} in StatefulSet ${set.metadata.name}`;
  if (error === undefined) yield* recordEvent(client, set, "Normal", `Successful${past}`, `${what} successful`);
  else yield* recordEvent(client, set, "Warning", `Failed${past}`, `${what} failed error: ${error.message}`);
}

/** The claims of an ordinal that are not there yet. */
export function* createClaims(set: StatefulSet, ordinal: number, view: View): Task<ApiError | undefined> {
  let failure: ApiError | undefined;
  for (const template of set.spec.volumeClaimTemplates ?? []) {
    const name = claimNameOf(template, set, ordinal);
    if (view.get("PersistentVolumeClaim", objectKey(set.metadata.namespace, name)) !== undefined) continue;
    const reply = yield* callApi(client, { verb: "create", object: claimOf(set, template, ordinal) });
    const what = `Create Claim ${name} Pod ${podNameOf(set, ordinal)} in StatefulSet ${set.metadata.name}`;
    if (reply.ok) yield* recordEvent(client, set, "Normal", "SuccessfulCreate", `${what} success`);
    else if (reply.error.reason !== "AlreadyExists") {
      yield* recordEvent(client, set, "Warning", "FailedCreate", `${what} failed error: ${reply.error.message}`);
      failure = reply.error;
    }
  }
  return failure;
}

/** Lets claims belong to whom the retention policy names: the set, a pod that is condemned, or nobody. */
export function* fixClaimOwners(
  set: StatefulSet,
  pod: Pod,
  condemned: boolean,
  view: View,
): Task<ApiError | undefined> {
  const { whenDeleted = "Retain", whenScaled = "Retain" } = set.spec.persistentVolumeClaimRetentionPolicy ?? {};
  for (const template of set.spec.volumeClaimTemplates ?? []) {
    const ordinal = ordinalOf(pod.metadata.name, set);
    const key = objectKey(set.metadata.namespace, claimNameOf(template, set, ordinal));
    const claim = view.get("PersistentVolumeClaim", key);
    if (claim === undefined) continue;
    const owner = condemned && whenScaled === "Delete" ? pod : whenDeleted === "Delete" && !condemned ? set : undefined;
    const next = withOwner(claim, owner ?? (whenDeleted === "Delete" && whenScaled !== "Delete" ? set : undefined), [
      set.metadata.uid,
      pod.metadata.uid,
    ]);
    if (next === claim) continue;
    const reply = yield* callApi(client, { verb: "update", next, part: "main" });
    if (!reply.ok) return reply.error;
  }
  return undefined;
}

function withOwner(
  claim: PersistentVolumeClaim,
  owner: StatefulSet | Pod | undefined,
  ours: readonly string[],
): PersistentVolumeClaim {
  const references = claim.metadata.ownerReferences ?? [];
  const others = references.filter(({ uid }) => !ours.includes(uid));
  const there = references.filter(({ uid }) => ours.includes(uid));
  if (owner === undefined ? there.length === 0 : there.length === 1 && there[0]!.uid === owner.metadata.uid)
    return claim;
  const ownerReferences = owner === undefined ? others : [...others, ownerReference(owner)];
  return { ...claim, metadata: { ...claim.metadata, ownerReferences } };
}
