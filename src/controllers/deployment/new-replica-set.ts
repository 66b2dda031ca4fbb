import type { ApiError } from "../../apiserver/index.ts";
import { callApi, recordEvent, type Task, type View } from "../../client/index.ts";
import {
  controllerReference,
  type Deployment,
  objectKey,
  type PodTemplateSpec,
  podTemplateHash,
  type ReplicaSet,
  sameContent,
} from "../../model/index.ts";
import { annotationsForNew, revisionAnnotation, revisionOf, sizeAnnotations } from "./annotations.ts";
import { byAge, newSize } from "./rolling-update.ts";
import { withCondition } from "./status.ts";

const client = "deployment-controller";
const hashLabel = "pod-template-hash";

type Failure = { readonly retry: ApiError };
interface Made {
  readonly deployment: Deployment;
  readonly replicaSet: ReplicaSet;
}

export function isFailure<T>(result: T | Failure): result is Failure {
  return typeof result === "object" && result !== null && "retry" in result;
}

/** The ReplicaSet of the Deployment's template (the oldest, if several) and the others. */
export function currentAndOld(
  deployment: Deployment,
  replicaSets: readonly ReplicaSet[],
): { readonly fresh: ReplicaSet | undefined; readonly old: readonly ReplicaSet[] } {
  const sorted = [...replicaSets].sort(byAge);
  const fresh = sorted.find(({ spec }) => sameTemplate(spec.template ?? {}, deployment.spec.template));
  return { fresh, old: sorted.filter((replicaSet) => replicaSet !== fresh) };
}

/** The last template that each ReplicaSet's was compared with, and what came of it. A memo of a pure function on frozen objects. */
const compared = new WeakMap<PodTemplateSpec, { readonly with: PodTemplateSpec; readonly same: boolean }>();

/** Equal but for the hash label (EqualIgnoreHash). */
function sameTemplate(left: PodTemplateSpec, right: PodTemplateSpec): boolean {
  const known = compared.get(left);
  if (known?.with === right) return known.same;
  const same = sameContent(left.spec, right.spec) && sameContent(withoutHash(left), withoutHash(right));
  if (Object.isFrozen(left) && Object.isFrozen(right)) compared.set(left, { with: right, same });
  return same;
}

function withoutHash({ metadata }: PodTemplateSpec): unknown {
  const { [hashLabel]: _, ...labels } = metadata?.labels ?? {};
  return { ...metadata, labels };
}

/** Brings the new ReplicaSet's annotations up to date, or makes it at its first size; both note it in the status. */
export function* newReplicaSet(
  deployment: Deployment,
  existing: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
  view: View,
): Task<Made | Failure> {
  const revision = old.reduce((highest, replicaSet) => Math.max(highest, revisionOf(replicaSet)), 0) + 1;
  return existing === undefined
    ? yield* create(deployment, old, revision, view)
    : yield* reuse(deployment, existing, revision, view);
}

function* reuse(deployment: Deployment, existing: ReplicaSet, revision: number, view: View): Task<Made | Failure> {
  const annotations = annotationsForNew(deployment, existing, revision);
  const minReadySeconds = deployment.spec.minReadySeconds;
  const sameReady = (existing.spec.minReadySeconds ?? 0) === (minReadySeconds ?? 0);
  let replicaSet = existing;
  if (!sameContent(annotations, existing.metadata.annotations) || !sameReady) {
    const spec = sameReady ? existing.spec : { ...existing.spec, minReadySeconds };
    const next = { ...existing, metadata: { ...existing.metadata, annotations }, spec };
    const reply = yield* callApi(client, { verb: "update", next, part: "main" });
    if (!reply.ok) return { retry: reply.error };
    replicaSet = reply.object as ReplicaSet;
  }
  const known = deployment.status.conditions?.some(({ type }) => type === "Progressing");
  const noted =
    known === true ? undefined : progressing("FoundNewReplicaSet", `Found new replica set "${existing.metadata.name}"`);
  return yield* note(deployment, replicaSet, noted, view);
}

function* create(
  deployment: Deployment,
  old: readonly ReplicaSet[],
  revision: number,
  view: View,
): Task<Made | Failure> {
  const hash = podTemplateHash(deployment.spec.template, deployment.status.collisionCount);
  const { template, selector, minReadySeconds } = deployment.spec;
  const labels = { ...template.metadata?.labels, [hashLabel]: hash };
  const name = `${deployment.metadata.name}-${hash}`;
  const replicas = newSize(deployment, undefined, old);
  const annotations = { ...annotationsForNew(deployment, undefined, revision), ...sizeAnnotations(deployment) };
  const reply = yield* callApi(client, {
    verb: "create",
    object: {
      apiVersion: "apps/v1",
      kind: "ReplicaSet",
      metadata: {
        name,
        namespace: deployment.metadata.namespace,
        labels,
        annotations,
        ownerReferences: [controllerReference(deployment)],
      },
      spec: {
        replicas,
        ...(minReadySeconds !== undefined && { minReadySeconds }),
        selector: { ...selector, matchLabels: { ...selector.matchLabels, [hashLabel]: hash } },
        template: { ...template, metadata: { ...template.metadata, labels } },
      },
    },
  });
  if (!reply.ok) return yield* onRefusal(deployment, name, reply.error, view);
  const replicaSet = reply.object as ReplicaSet;
  if (replicas > 0) {
    const message = `Scaled up replica set ${name} from 0 to ${replicas}`;
    yield* recordEvent(client, deployment, "Normal", "ScalingReplicaSet", message);
  }
  return yield* note(
    deployment,
    replicaSet,
    progressing("NewReplicaSetCreated", `Created new replica set "${name}"`),
    view,
  );
}

/** A name that is taken: our own from a moment ago, or another template with the same hash. */
function* onRefusal(deployment: Deployment, name: string, error: ApiError, view: View): Task<Made | Failure> {
  if (error.message.includes("because it is being terminated")) return { retry: error };
  if (error.reason !== "AlreadyExists") {
    const message = `Failed to create new replica set "${name}": ${error.message}`;
    const time = view.clock.time(view.nowUs);
    const condition = { type: "Progressing", status: "False", reason: "ReplicaSetCreateError", message };
    const conditions = withCondition(deployment.status.conditions ?? [], condition, time);
    if (conditions !== deployment.status.conditions) {
      const next = { ...deployment, status: { ...deployment.status, conditions } };
      yield* callApi(client, { verb: "update", next, part: "status" });
      yield* recordEvent(client, deployment, "Warning", "ReplicaSetCreateError", message);
    }
    return { retry: error };
  }
  const there = yield* callApi(client, {
    verb: "get",
    kind: "ReplicaSet",
    key: objectKey(deployment.metadata.namespace, name),
  });
  if (!there.ok) return { retry: there.error };
  const replicaSet = there.object as ReplicaSet;
  const own = replicaSet.metadata.ownerReferences?.some(({ uid }) => uid === deployment.metadata.uid) === true;
  if (own && sameTemplate(replicaSet.spec.template ?? {}, deployment.spec.template)) {
    return yield* reuse(deployment, replicaSet, revisionOf(replicaSet), view);
  }
  const collisionCount = (deployment.status.collisionCount ?? 0) + 1;
  const next = { ...deployment, status: { ...deployment.status, collisionCount } };
  yield* callApi(client, { verb: "update", next, part: "status" });
  return { retry: error };
}

function progressing(reason: string, message: string): Parameters<typeof withCondition>[1] {
  return { type: "Progressing", status: "True", reason, message };
}

/** Writes the revision annotation and the condition to the Deployment, if they are news, through its main endpoint and status. */
function* note(
  deployment: Deployment,
  replicaSet: ReplicaSet,
  condition: Parameters<typeof withCondition>[1] | undefined,
  view: View,
): Task<Made | Failure> {
  const revision = replicaSet.metadata.annotations?.[revisionAnnotation] ?? "";
  const conditions =
    condition === undefined || deployment.spec.progressDeadlineSeconds === undefined
      ? deployment.status.conditions
      : withCondition(deployment.status.conditions ?? [], condition, view.clock.time(view.nowUs));
  const sameRevision = deployment.metadata.annotations?.[revisionAnnotation] === revision;
  if (sameRevision && conditions === deployment.status.conditions) return { deployment, replicaSet };
  const annotations = { ...deployment.metadata.annotations, [revisionAnnotation]: revision };
  const next = {
    ...deployment,
    metadata: { ...deployment.metadata, annotations },
    status: { ...deployment.status, conditions },
  };
  // Upstream sends both through UpdateStatus, whose strategy lets a Deployment's annotations through.
  const reply = yield* callApi(client, { verb: "update", next, part: "status" });
  if (!reply.ok) return { retry: reply.error };
  return { deployment: reply.object as Deployment, replicaSet };
}
