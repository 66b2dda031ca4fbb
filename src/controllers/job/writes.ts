import type { ApiError } from "../../apiserver/index.ts";
import { callApi, type OwnWrites, type Task } from "../../client/index.ts";
import { type Job, keyOf, otherFinalizers, type Pod, sameContent } from "../../model/index.ts";
import { trackingFinalizer } from "./pods.ts";

const client = "job-controller";

export function* removeFinalizer(pod: Pod, own?: (object: Pod) => void): Task<ApiError | undefined> {
  const change = (stored: Pod): Pod => {
    const finalizers = otherFinalizers(stored, trackingFinalizer);
    const { finalizers: _, ...metadata } = stored.metadata;
    return { ...stored, metadata: finalizers.length > 0 ? { ...metadata, finalizers } : metadata };
  };
  const { uid } = pod.metadata;
  const reply = yield* callApi(client, { verb: "patch", kind: "Pod", key: keyOf(pod), uid, part: "main", change });
  if (reply.ok) own?.(reply.object as Pod);
  return reply.ok || reply.error.code === 404 ? undefined : reply.error;
}

export function* writeStatus(stored: Job, next: Job, own: OwnWrites): Task<{ job: Job } | { error: ApiError }> {
  if (sameContent(stored.status, next.status)) return { job: stored };
  const reply = yield* callApi(client, {
    verb: "update",
    next: { ...stored, status: next.status } as Job,
    part: "status",
  });
  if (!reply.ok) return { error: reply.error };
  own.note(keyOf(stored), reply.object);
  return { job: reply.object as Job };
}
