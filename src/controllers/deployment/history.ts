import type { ApiError } from "../../apiserver/index.ts";
import { callApi, type Task } from "../../client/index.ts";
import { type Deployment, keyOf, type ReplicaSet } from "../../model/index.ts";
import { revisionOf } from "./annotations.ts";

/** Deletes what `revisionHistoryLimit` does not keep: lowest revisions first, and only those that are empty. */
export function* cleanUpHistory(
  client: string,
  deployment: Deployment,
  old: readonly ReplicaSet[],
): Task<ApiError | undefined> {
  const limit = deployment.spec.revisionHistoryLimit;
  if (limit === undefined || limit === 2_147_483_647) return undefined;
  const alive = old.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const surplus = [...alive].sort((a, b) => revisionOf(a) - revisionOf(b)).slice(0, Math.max(0, alive.length - limit));
  for (const replicaSet of surplus) {
    const { spec, status, metadata } = replicaSet;
    const empty = (status.replicas ?? 0) === 0 && (spec.replicas ?? 1) === 0;
    if (!empty || (metadata.generation ?? 0) > (status.observedGeneration ?? 0)) continue;
    const reply = yield* callApi(client, { verb: "delete", kind: "ReplicaSet", key: keyOf(replicaSet) });
    if (!reply.ok && reply.error.code !== 404) return reply.error;
  }
  return undefined;
}
