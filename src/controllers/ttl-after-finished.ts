import { type Change, type Controller, callApi, type Outcome, type Task, type View } from "../client/index.ts";
import { type Job, keyOf, type ObjectKey } from "../model/index.ts";

const client = "ttl-after-finished-controller";

/** ttl-after-finished-controller of kube-controller-manager v1.36: Jobs that have outlived their use. */
export const ttlAfterFinishedController: Controller<undefined> = {
  name: client,
  workers: 5,
  memory: () => undefined,
  watches: [
    {
      kind: "Job",
      keys: ({ after }: Change<Job>) => (after !== undefined && expiryOf(after) !== undefined ? [keyOf(after)] : []),
    },
  ],
  reconcile,
};

/** Since when the Job is over, and for how many seconds it is kept. */
function expiryOf({ spec, status, metadata }: Job): { readonly since: string; readonly seconds: number } | undefined {
  if (metadata.deletionTimestamp !== undefined || spec.ttlSecondsAfterFinished === undefined) return undefined;
  const end = status.conditions?.find(
    (condition) => condition.status === "True" && (condition.type === "Complete" || condition.type === "Failed"),
  );
  if (end?.lastTransitionTime === undefined) return undefined;
  return { since: end.lastTransitionTime, seconds: spec.ttlSecondsAfterFinished };
}

function* reconcile(key: ObjectKey, view: View): Task<Outcome> {
  const job = view.get("Job", key);
  const expiry = job && expiryOf(job);
  if (job === undefined || expiry === undefined) return "done";
  const dueUs = view.clock.instantUs(expiry.since) + expiry.seconds * 1_000_000;
  if (dueUs > view.nowUs) return { requeueInUs: dueUs - view.nowUs };
  // A live look first: the time to live may have been prolonged.
  const live = yield* callApi(client, { verb: "get", kind: "Job", key });
  if (!live.ok) return live.error.code === 404 ? "done" : { retry: live.error };
  if (live.object.metadata.uid !== job.metadata.uid) return "done";
  const now = expiryOf(live.object as Job);
  if (now === undefined || now.seconds > expiry.seconds) return "done";
  const options = { propagationPolicy: "Foreground", preconditions: { uid: job.metadata.uid } } as const;
  const reply = yield* callApi(client, { verb: "delete", kind: "Job", key, options });
  return reply.ok || reply.error.code === 404 ? "done" : { retry: reply.error };
}
