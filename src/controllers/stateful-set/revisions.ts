import type { ApiError } from "../../apiserver/index.ts";
import { callApi, type OwnWrites, type Task, type View } from "../../client/index.ts";
import {
  type ControllerRevision,
  controllerReference,
  controllerRevisionHash,
  controllerRevisionName,
  keyOf,
  type Pod,
  type PodTemplateSpec,
  type StatefulSet,
} from "../../model/index.ts";
import { sortedJson } from "../json-text.ts";

const client = "statefulset-controller";

export interface Revisions {
  readonly current: ControllerRevision;
  readonly update: ControllerRevision;
  readonly all: readonly ControllerRevision[];
}

/** A revision holds the patch that puts its template back. */
interface RevisionData {
  readonly spec: { readonly template: PodTemplateSpec & { readonly $patch: "replace" } };
}

function dataOf(set: StatefulSet): RevisionData {
  return { spec: { template: { ...set.spec.template, $patch: "replace" } } };
}

/** The template of a revision; the set's own where it says the same, so that pods go on sharing it. */
export function templateOf({ data }: ControllerRevision, set: StatefulSet): PodTemplateSpec {
  if (sortedJson(data) === sortedJson(dataOf(set))) return set.spec.template;
  const { $patch: _, ...template } = (data as RevisionData).spec.template;
  return template;
}

/** The revision of the present template, made or raised if need be, and the one that status calls current. */
export function* revisionsOf(
  set: StatefulSet,
  view: View,
  own: OwnWrites,
): Task<{ readonly revisions: Revisions } | { readonly error: ApiError }> {
  const known = [...view.ownedBy("ControllerRevision", set.metadata.uid)].sort(inOrder);
  const text = sortedJson(dataOf(set));
  const last = known[known.length - 1];
  const equal = known.filter(({ data }) => sortedJson(data) === text);
  const next = (last?.revision ?? 0) + 1;
  let update = equal[equal.length - 1];
  if (update === undefined) {
    const hash = controllerRevisionHash(text, set.status.collisionCount ?? 0);
    const reply = yield* callApi(client, { verb: "create", object: newRevision(set, hash, next) });
    if (!reply.ok) return { error: reply.error };
    own.note(keyOf(set), reply.object);
    update = reply.object as ControllerRevision;
  } else if (update !== last) {
    const raised = { ...update, revision: next } as ControllerRevision;
    const reply = yield* callApi(client, { verb: "update", next: raised, part: "main" });
    if (!reply.ok) return { error: reply.error };
    own.note(keyOf(set), reply.object);
    update = reply.object as ControllerRevision;
  }
  const all = [...known.filter(({ metadata }) => metadata.name !== update.metadata.name), update];
  const current = all.find(({ metadata }) => metadata.name === set.status.currentRevision) ?? update;
  return { revisions: { current, update, all } };
}

function inOrder(a: ControllerRevision, b: ControllerRevision): number {
  return a.revision - b.revision || (a.metadata.name < b.metadata.name ? -1 : 1);
}

function newRevision(set: StatefulSet, hash: string, revision: number) {
  return {
    apiVersion: "apps/v1",
    kind: "ControllerRevision",
    metadata: {
      name: controllerRevisionName(set.metadata.name, hash),
      namespace: set.metadata.namespace,
      labels: { ...set.spec.template.metadata?.labels, "controller.kubernetes.io/hash": hash },
      ...(set.metadata.annotations && { annotations: set.metadata.annotations }),
      ownerReferences: [controllerReference(set)],
    },
    data: dataOf(set),
    revision,
  };
}

/** Revisions beyond the limit that neither a pod nor the set uses, oldest first. */
export function* truncateHistory(
  set: StatefulSet,
  { current, update, all }: Revisions,
  pods: readonly Pod[],
  view: View,
): Task<void> {
  const live = new Set([current.metadata.name, update.metadata.name]);
  for (const { metadata } of pods) live.add(metadata.labels?.["controller-revision-hash"] ?? "");
  const history = all.filter(({ metadata }) => !live.has(metadata.name));
  const surplus = history.length - (set.spec.revisionHistoryLimit ?? 10);
  for (const revision of history.slice(0, Math.max(0, surplus))) {
    if (view.get("ControllerRevision", keyOf(revision)) === undefined) continue;
    yield* callApi(client, { verb: "delete", kind: "ControllerRevision", key: keyOf(revision) });
  }
}
