import type { ApiError, ApiReply, NewObject, ObjectPart } from "../apiserver/index.ts";
import { callApi, recordEvent, type Task } from "../client/index.ts";
import { controllerReference, type KubeObject, keyOf, nameOf, type Pod, type PodTemplateSpec } from "../model/index.ts";

/** The pod a controller makes of its template: generated name, the template's labels, itself as the owner. */
export function podFromTemplate(owner: KubeObject, template: PodTemplateSpec): NewObject {
  const { labels, annotations, finalizers } = template.metadata ?? {};
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      generateName: `${owner.metadata.name}-`,
      namespace: owner.metadata.namespace,
      labels,
      ...(annotations && { annotations }),
      ...(finalizers && { finalizers }),
      ownerReferences: [controllerReference(owner)],
    },
    spec: template.spec,
  };
}

/** Creates a pod for its owner, with upstream's events (RealPodControl). */
export function* createPod(client: string, owner: KubeObject, pod: NewObject): Task<ApiError | undefined> {
  const reply = yield* callApi(client, { verb: "create", object: pod });
  if (reply.ok) {
    yield* recordEvent(client, owner, "Normal", "SuccessfulCreate", `Created pod: ${reply.object.metadata.name}`);
    return undefined;
  }
  // While the namespace is going away a refusal is what one would expect: no event, no error.
  if (reply.error.message.includes("because it is being terminated")) return undefined;
  yield* recordEvent(client, owner, "Warning", "FailedCreate", `Error creating: ${reply.error.message}`);
  return reply.error;
}

/** Deletes a pod for its owner, with upstream's events; one that is gone already is a success. */
export function* deletePod(client: string, owner: KubeObject, pod: Pod): Task<ApiError | undefined> {
  const key = keyOf(pod);
  const reply = yield* callApi(client, { verb: "delete", kind: "Pod", key });
  if (reply.ok) {
    yield* recordEvent(client, owner, "Normal", "SuccessfulDelete", `Deleted pod: ${nameOf(key)}`);
    return undefined;
  }
  if (reply.error.code === 404) return undefined;
  yield* recordEvent(client, owner, "Warning", "FailedDelete", `Error deleting: ${reply.error.message}`);
  return reply.error;
}

/** Changes a pod as it is stored then, if it is still the same pod. */
export function* patchPod(client: string, pod: Pod, part: ObjectPart, change: (stored: Pod) => Pod): Task<ApiReply> {
  return yield* callApi(client, { verb: "patch", kind: "Pod", key: keyOf(pod), uid: pod.metadata.uid, part, change });
}
