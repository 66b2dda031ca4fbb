import { callApi, type Outcome, recordEvent, type Task } from "../../client/index.ts";
import { type Deployment, type PodTemplateSpec, type ReplicaSet, sameContent } from "../../model/index.ts";
import { revisionOf } from "./annotations.ts";

const annotation = "deprecated.deployment.rollback.to";

/** The old way to go back (`extensions/v1beta1` rollback): the template of a revision, 0 for the last but one. */
export function* rollBack(client: string, deployment: Deployment, replicaSets: readonly ReplicaSet[]): Task<Outcome> {
  const byRevision = [...replicaSets].sort((a, b) => revisionOf(b) - revisionOf(a));
  const wanted = Number(deployment.metadata.annotations?.[annotation] ?? 0);
  const target = wanted === 0 ? byRevision[1] : byRevision.find((replicaSet) => revisionOf(replicaSet) === wanted);
  const { [annotation]: _, ...annotations } = deployment.metadata.annotations ?? {};
  const cleared = { ...deployment, metadata: { ...deployment.metadata, annotations } };
  if (target === undefined) {
    const message = "Unable to find last revision.";
    yield* recordEvent(client, deployment, "Warning", "DeploymentRollbackRevisionNotFound", message);
    return yield* put(client, cleared);
  }
  const template = withoutHash(target.spec.template ?? {});
  if (sameContent(template, deployment.spec.template)) {
    const message = `The rollback revision contains the same template as current deployment "${deployment.metadata.name}"`;
    yield* recordEvent(client, deployment, "Warning", "DeploymentRollbackTemplateUnchanged", message);
    return yield* put(client, cleared);
  }
  const message = `Rolled back deployment "${deployment.metadata.name}" to revision ${revisionOf(target)}`;
  yield* recordEvent(client, deployment, "Normal", "DeploymentRollback", message);
  return yield* put(client, { ...cleared, spec: { ...deployment.spec, template } });
}

function withoutHash(template: PodTemplateSpec): PodTemplateSpec {
  const { "pod-template-hash": _, ...labels } = template.metadata?.labels ?? {};
  return { ...template, metadata: { ...template.metadata, labels } };
}

function* put(client: string, next: Deployment): Task<Outcome> {
  const reply = yield* callApi(client, { verb: "update", next, part: "main" });
  return reply.ok ? "done" : { retry: reply.error };
}
