import { callApi, type Outcome, recordEvent, type Task } from "../../client/index.ts";
import { type KubeObject, keyOf, otherFinalizers } from "../../model/index.ts";
import { carryOut } from "../policies/carry-out.ts";
import { client, type ScaledObject, targetKey, targetOf } from "./scaled-object.ts";

const finalizer = "finalizer.keda.sh";

/** The operator wants to be told before a ScaledObject goes. */
export function* ensureFinalizer(scaledObject: ScaledObject): Task<Outcome | undefined> {
  if (scaledObject.metadata.finalizers?.includes(finalizer)) return undefined;
  return yield* setFinalizers(scaledObject, (stored) => [...otherFinalizers(stored, finalizer), finalizer]);
}

/** Last duties: the target gets its count back if the ScaledObject says so. Whether that succeeds or not, it may go. */
export function* finalize(scaledObject: ScaledObject): Task<Outcome> {
  if (scaledObject.metadata.finalizers?.includes(finalizer) !== true) return "done";
  const { advanced } = scaledObject.spec;
  const { originalReplicaCount: replicas } = scaledObject.status ?? {};
  if (advanced?.restoreToOriginalReplicaCount === true && replicas !== undefined) {
    const kind = targetOf(scaledObject).kind as "Deployment";
    yield* carryOut(client, { do: "scale", kind, key: targetKey(scaledObject), replicas });
  }
  const refused = yield* setFinalizers(scaledObject, (stored) => otherFinalizers(stored, finalizer));
  if (refused !== undefined) return refused;
  yield* recordEvent(client, scaledObject, "Warning", "ScaledObjectDeleted", "ScaledObject was deleted");
  return "done";
}

function* setFinalizers(
  scaledObject: ScaledObject,
  wanted: (stored: KubeObject) => string[],
): Task<Outcome | undefined> {
  const change = (stored: KubeObject): KubeObject => {
    const { finalizers: _, ...metadata } = stored.metadata;
    const finalizers = wanted(stored);
    return { ...stored, metadata: finalizers.length === 0 ? metadata : { ...metadata, finalizers } };
  };
  const key = keyOf(scaledObject);
  const reply = yield* callApi(client, { verb: "patch", kind: "ScaledObject", key, part: "main", change });
  return reply.ok || reply.error.code === 404 ? undefined : { retry: reply.error };
}
