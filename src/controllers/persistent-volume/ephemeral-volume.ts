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
  controllerReference,
  ephemeralClaimName,
  foreignClaim,
  keyOf,
  type ObjectKey,
  objectKey,
  type PersistentVolumeClaim,
  type Pod,
  podClaims,
} from "../../model/index.ts";

const client = "ephemeral-volume-controller";
const recorder = "ephemeral_volume";

/** ephemeral-volume-controller of kube-controller-manager v1.36: makes the claims of a pod's generic ephemeral volumes. */
export const ephemeralVolumeController: Controller<undefined> = {
  name: client,
  workers: 5,
  memory: () => undefined,
  watches: [
    // A pod's volumes never change, and with the pod its claims are collected.
    { kind: "Pod", keys: ({ before, after }: Change<Pod>) => (before === undefined ? waiting(after!) : []) },
    {
      kind: "PersistentVolumeClaim",
      keys: ({ key, after }: Change<PersistentVolumeClaim>, view) =>
        after === undefined ? [...view.podsWithClaim(key)].flatMap(waiting) : [],
    },
  ],
  reconcile,
};

function waiting(pod: Pod): ObjectKey[] {
  if (pod.metadata.deletionTimestamp !== undefined) return [];
  return podClaims(pod).some(({ ephemeral }) => ephemeral) ? [keyOf(pod)] : [];
}

function* reconcile(key: ObjectKey, view: View): Task<Outcome> {
  const pod = view.get("Pod", key);
  if (pod === undefined || pod.metadata.deletionTimestamp !== undefined) return "done";
  for (const volume of pod.spec.volumes ?? []) {
    if (volume.ephemeral === undefined) continue;
    const problem = yield* keepClaim(pod, volume, view);
    if (problem === undefined) continue;
    yield* recordEvent(recorder, pod, "Warning", "FailedBinding", `ephemeral volume ${volume.name}: ${problem}`);
    return { retry: { code: 500, reason: "InternalError", message: problem } };
  }
  return "done";
}

/** Makes the claim if there is none; a text that says why the pod cannot have it. */
function* keepClaim(
  pod: Pod,
  { name: volumeName, ephemeral }: NonNullable<Pod["spec"]["volumes"]>[number],
  view: View,
): Task<string | undefined> {
  const name = ephemeralClaimName(pod.metadata, volumeName);
  const { namespace } = pod.metadata;
  const claim = view.get("PersistentVolumeClaim", objectKey(namespace, name));
  if (claim !== undefined) return foreignClaim(pod, claim);
  const { metadata: { annotations, labels } = {}, spec } = ephemeral!.volumeClaimTemplate!;
  const ownerReferences = [controllerReference(pod)];
  const metadata = { name, namespace, annotations, labels, ownerReferences };
  const object = { apiVersion: "v1", kind: "PersistentVolumeClaim", metadata, spec };
  const reply = yield* callApi(client, { verb: "create", object });
  return reply.ok ? undefined : `create PVC ${name}: ${reply.error.message}`;
}
