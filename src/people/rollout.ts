import type { Store } from "../apiserver/index.ts";
import { callApi, type Task } from "../client/index.ts";
import {
  applyStrategicMergePatch,
  type ControllerRevision,
  controllerOf,
  type Deployment,
  type JsonObject,
  type KubeObject,
  nameOf,
  type PodTemplateSpec,
  type ReplicaSet,
  sameContent,
  structOf,
} from "../model/index.ts";
import { client, edit, type Refusal, refusalOf, type Target } from "./kubectl.ts";

interface RolledOut extends KubeObject {
  spec: { paused?: boolean; template: { metadata?: { annotations?: Record<string, string> } } };
}

/** `kubectl rollout restart`: an annotation makes the template another one. */
export function* restartRollout(target: Target, time: string): Task<Refusal> {
  let paused = false;
  const refusal = yield* edit(target, (draft: RolledOut) => {
    paused = draft.spec.paused === true;
    if (paused) return;
    const { template } = draft.spec;
    const annotations = { ...template.metadata?.annotations, "kubectl.kubernetes.io/restartedAt": time };
    template.metadata = { ...template.metadata, annotations };
  });
  const name = nameOf(target.key);
  return paused ? `deployments.apps "${name}" can't restart paused deployment (run rollout resume first)` : refusal;
}

export function pauseRollout(target: Target, paused: boolean): Task<Refusal> {
  return edit(target, (draft: RolledOut) => {
    if (paused) draft.spec.paused = true;
    else delete draft.spec.paused;
  });
}

/** A revision of a workload, and the change that goes back to it. */
interface Revision {
  readonly number: number;
  readonly back: (stored: KubeObject) => KubeObject;
}

/** `kubectl rollout undo`: the template of an earlier revision is written again. */
export function* undoRollout(target: Target, store: Store, toRevision: number | undefined): Task<Refusal> {
  const { kind, key } = target;
  const live = yield* callApi(client, { verb: "get", kind, key });
  if (!live.ok) return refusalOf(live);
  const { object } = live;
  if ((object as Deployment).spec.paused === true)
    return `you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume' and try again`;
  const revisions = [...(kind === "Deployment" ? ofReplicaSets(object, store) : ofControllerRevisions(object, store))];
  revisions.sort((a, b) => b.number - a.number);
  const wanted = toRevision === undefined ? revisions[1] : revisions.find(({ number }) => number === toRevision);
  if (wanted === undefined)
    return toRevision === undefined
      ? `no rollout history found for ${kind.toLowerCase()} "${nameOf(key)}"`
      : `unable to find specified revision ${toRevision} in history`;
  if (sameContent(wanted.back(object), object))
    return `skipped rollback (current template already matches revision ${wanted.number})`;
  return refusalOf(yield* callApi(client, { verb: "patch", kind, key, part: "main", change: wanted.back }));
}

function* ofReplicaSets({ metadata: { uid } }: KubeObject, store: Store): Iterable<Revision> {
  for (const replicaSet of store.list("ReplicaSet") as Iterable<ReplicaSet>) {
    if (controllerOf(replicaSet)?.uid !== uid) continue;
    const number = Number(replicaSet.metadata.annotations?.["deployment.kubernetes.io/revision"] ?? 0);
    const template = withoutHash(replicaSet.spec.template ?? {});
    yield {
      number,
      back: (stored) => ({ ...stored, spec: { ...(stored as Deployment).spec, template } }) as Deployment,
    };
  }
}

function withoutHash(template: PodTemplateSpec): PodTemplateSpec {
  const { "pod-template-hash": _, ...labels } = template.metadata?.labels ?? {};
  return { ...template, metadata: { ...template.metadata, labels } };
}

/** A ControllerRevision is a patch of its StatefulSet or DaemonSet. */
function* ofControllerRevisions({ metadata: { uid } }: KubeObject, store: Store): Iterable<Revision> {
  for (const revision of store.list("ControllerRevision") as Iterable<ControllerRevision>) {
    if (controllerOf(revision)?.uid !== uid) continue;
    const back = (stored: KubeObject): KubeObject => {
      const struct = structOf(stored.apiVersion, stored.kind)!;
      const next = applyStrategicMergePatch(stored as unknown as JsonObject, revision.data as JsonObject, struct);
      return next as unknown as KubeObject;
    };
    yield { number: revision.revision, back };
  }
}
