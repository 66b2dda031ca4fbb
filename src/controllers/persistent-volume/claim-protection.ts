import { type Change, type Controller, callApi, type Outcome, type Task, type View } from "../../client/index.ts";
import {
  claimsOf,
  isPodTerminal,
  keyOf,
  type ObjectKey,
  otherFinalizers,
  type PersistentVolumeClaim,
  type Pod,
} from "../../model/index.ts";

const client = "persistentvolumeclaim-protection-controller";
const finalizer = "kubernetes.io/pvc-protection";

/** pvc-protection-controller of kube-controller-manager v1.36: a claim that is to go stays while a pod uses it. */
export const claimProtectionController: Controller<undefined> = {
  name: client,
  workers: 1,
  memory: () => undefined,
  watches: [
    {
      kind: "PersistentVolumeClaim",
      keys: ({ after }: Change<PersistentVolumeClaim>) =>
        after?.metadata.deletionTimestamp === undefined ? [] : [keyOf(after)],
    },
    {
      kind: "Pod",
      keys: ({ before, after }: Change<Pod>) =>
        before !== undefined && (after === undefined || isPodTerminal(after)) ? claimsOf(before) : [],
    },
  ],
  reconcile,
};

function* reconcile(key: ObjectKey, view: View): Task<Outcome> {
  const claim = view.get("PersistentVolumeClaim", key);
  if (claim?.metadata.deletionTimestamp === undefined || !claim.metadata.finalizers?.includes(finalizer)) return "done";
  for (const pod of view.podsWithClaim(key)) if (!isPodTerminal(pod)) return "done";
  const change = (stored: PersistentVolumeClaim): PersistentVolumeClaim => ({
    ...stored,
    metadata: { ...stored.metadata, finalizers: otherFinalizers(stored, finalizer) },
  });
  const reply = yield* callApi(client, { verb: "patch", kind: "PersistentVolumeClaim", key, part: "main", change });
  return reply.ok || reply.error.code === 404 ? "done" : { retry: reply.error };
}
