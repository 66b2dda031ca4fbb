import type { ApiError } from "../../apiserver/index.ts";
import {
  type Change,
  type Controller,
  Expectations,
  type Outcome,
  OwnWrites,
  type Task,
  type View,
} from "../../client/index.ts";
import { controllerOf, type Job, type ObjectKey, objectKey, type Pod } from "../../model/index.ts";
import { staleCache } from "../stale-cache.ts";
import type { JobMemory } from "./memory.ts";
import { isTracked } from "./pods.ts";
import { JobSync } from "./sync.ts";
import { isFinished } from "./verdict.ts";
import { removeFinalizer } from "./writes.ts";

const client = "job-controller";
/** SyncJobBatchPeriod: what happens to pods is looked at together. */
const batchUs = 1_000_000;

/** job-controller of kube-controller-manager v1.36. */
export const jobController: Controller<JobMemory> = {
  name: client,
  workers: 5,
  retries: { baseUs: 1_000_000, maxUs: 60_000_000, bucket: undefined },
  memory: () => ({ expectations: new Expectations(), own: new OwnWrites(), backoff: new Map() }),
  watches: [
    {
      kind: "Job",
      keys: ({ key }: Change<Job>) => [key],
      // Its own status writes are no reason to hurry.
      delayUs: ({ before, after }: Change<Job>) =>
        before !== undefined && after !== undefined && before.metadata.generation === after.metadata.generation
          ? batchUs
          : 0,
    },
    { kind: "Pod", keys: podKeys, delayUs: () => batchUs },
  ],
  reconcile,
};

function podKeys({ before, after }: Change<Pod>, _view: View, { expectations }: JobMemory): ObjectKey[] {
  const pod = (after ?? before)!;
  const owner = controllerOf(pod);
  const { namespace, labels } = pod.metadata;
  if (owner === undefined) {
    // Orphaned with its finalizer still on: nobody else takes it off.
    const job = labels?.["batch.kubernetes.io/job-name"];
    return job !== undefined && isTracked(pod) ? [objectKey(namespace, job)] : [];
  }
  if (owner.kind !== "Job") return [];
  const key = objectKey(namespace, owner.name);
  if (before === undefined) expectations.created(key);
  if (after === undefined || after.metadata.deletionTimestamp !== undefined)
    expectations.deleted(key, pod.metadata.uid);
  return [key];
}

function* reconcile(key: ObjectKey, view: View, memory: JobMemory): Task<Outcome> {
  const job = view.get("Job", key);
  if (job === undefined) {
    memory.expectations.forget(key);
    memory.own.forget(key);
    memory.backoff.delete(key);
    return yield* releaseOrphans(key, view);
  }
  if (job.spec.managedBy !== undefined && job.spec.managedBy !== "kubernetes.io/job-controller") return "done";
  if (!memory.own.seen(key, view)) return { retry: staleCache };
  if (isFinished(job)) {
    memory.backoff.delete(key);
    return yield* releaseOrphans(key, view);
  }
  return yield* new JobSync(job, view, memory).run();
}

/** Pods of a Job that is gone or over: what still holds them is taken off (syncOrphanPod). */
function* releaseOrphans(key: ObjectKey, view: View): Task<Outcome> {
  const [namespace = "", name] = key.split("/");
  let failure: ApiError | undefined;
  for (const pod of view.podsLabelled(namespace, { "batch.kubernetes.io/job-name": name! })) {
    if (!isTracked(pod)) continue;
    const error = yield* removeFinalizer(pod);
    failure ??= error;
  }
  return failure === undefined ? "done" : { retry: failure };
}
