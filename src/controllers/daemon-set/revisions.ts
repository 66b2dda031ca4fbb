import type { ApiError } from "../../apiserver/index.ts";
import { callApi, type OwnWrites, type Task, type View } from "../../client/index.ts";
import {
  type ControllerRevision,
  controllerReference,
  type DaemonSet,
  keyOf,
  type Pod,
  podTemplateHash,
} from "../../model/index.ts";
import { sortedJson } from "../json-text.ts";

const client = "daemonset-controller";
export const revisionLabel = "controller-revision-hash";

function dataOf(set: DaemonSet) {
  return { spec: { template: { ...set.spec.template, $patch: "replace" } } };
}

export interface History {
  readonly hash: string;
  readonly old: readonly ControllerRevision[];
}

/** The hash label of the present template, whose revision is made or raised to the newest if need be. */
export function* historyOf(set: DaemonSet, view: View, own: OwnWrites): Task<History | { readonly error: ApiError }> {
  const known = [...view.ownedBy("ControllerRevision", set.metadata.uid)];
  const text = sortedJson(dataOf(set));
  const isCurrent = ({ data }: ControllerRevision): boolean => sortedJson(data) === text;
  const old = known.filter((revision) => !isCurrent(revision));
  const next = old.reduce((highest, { revision }) => Math.max(highest, revision), 0) + 1;
  const current = known.filter(isCurrent).sort((a, b) => b.revision - a.revision)[0];
  if (current === undefined) {
    const hash = podTemplateHash(set.spec.template, set.status.collisionCount);
    const reply = yield* callApi(client, { verb: "create", object: newRevision(set, hash, next) });
    if (!reply.ok) return { error: reply.error };
    own.note(keyOf(set), reply.object);
    return { hash, old };
  }
  if (current.revision < next) {
    const raised = { ...current, revision: next } as ControllerRevision;
    const reply = yield* callApi(client, { verb: "update", next: raised, part: "main" });
    if (!reply.ok) return { error: reply.error };
    own.note(keyOf(set), reply.object);
  }
  return { hash: current.metadata.labels?.[revisionLabel] ?? "", old };
}

function newRevision(set: DaemonSet, hash: string, revision: number) {
  return {
    apiVersion: "apps/v1",
    kind: "ControllerRevision",
    metadata: {
      name: `${set.metadata.name}-${hash}`,
      namespace: set.metadata.namespace,
      labels: { ...set.spec.template.metadata?.labels, [revisionLabel]: hash },
      ...(set.metadata.annotations && { annotations: set.metadata.annotations }),
      ownerReferences: [controllerReference(set)],
    },
    data: dataOf(set),
    revision,
  };
}

/** Old revisions beyond the limit that no pod runs, oldest first. */
export function* truncateHistory(set: DaemonSet, old: readonly ControllerRevision[], pods: readonly Pod[]): Task<void> {
  const live = new Set(pods.map(({ metadata }) => metadata.labels?.[revisionLabel]));
  let surplus = old.length - (set.spec.revisionHistoryLimit ?? 10);
  for (const revision of [...old].sort((a, b) => a.revision - b.revision)) {
    if (surplus <= 0) return;
    if (live.has(revision.metadata.labels?.[revisionLabel])) continue;
    yield* callApi(client, { verb: "delete", kind: "ControllerRevision", key: keyOf(revision) });
    surplus -= 1;
  }
}
