import { type Change, type Controller, callApi, type Outcome, type Task } from "../../client/index.ts";
import {
  claimsOf,
  isPodTerminal,
  type Kind,
  type KubeObject,
  keyOf,
  otherFinalizers,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
} from "../../model/index.ts";

const claims = "pvc-protection-controller";
const volumes = "pv-protection-controller";

/** pvc-protection-controller of kube-controller-manager v1.36: a claim that is to go stays while a pod that has a node uses it. */
export const claimProtectionController: Controller<undefined> = {
  name: claims,
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
  *reconcile(key, view) {
    const claim = view.get("PersistentVolumeClaim", key);
    if (claim === undefined) return "done";
    for (const pod of view.podsWithClaim(key)) if (!isPodTerminal(pod) && pod.spec.nodeName) return "done";
    return yield* letGo(claims, claim, "kubernetes.io/pvc-protection");
  },
};

/** pv-protection-controller of kube-controller-manager v1.36: a volume that is to go stays while a claim has it. */
export const volumeProtectionController: Controller<undefined> = {
  name: volumes,
  workers: 1,
  memory: () => undefined,
  watches: [
    {
      kind: "PersistentVolume",
      keys: ({ after }: Change<PersistentVolume>) =>
        after?.metadata.deletionTimestamp === undefined ? [] : [keyOf(after)],
    },
  ],
  *reconcile(key, view) {
    const volume = view.get("PersistentVolume", key);
    if (volume === undefined || volume.status.phase === "Bound") return "done";
    return yield* letGo(volumes, volume, "kubernetes.io/pv-protection");
  },
};

function* letGo(
  client: string,
  { kind, metadata }: PersistentVolumeClaim | PersistentVolume,
  finalizer: string,
): Task<Outcome> {
  if (metadata.deletionTimestamp === undefined || !metadata.finalizers?.includes(finalizer)) return "done";
  const change = (stored: KubeObject): KubeObject => ({
    ...stored,
    metadata: { ...stored.metadata, finalizers: otherFinalizers(stored, finalizer) },
  });
  const request = { kind: kind as Kind, key: keyOf({ metadata }), uid: metadata.uid, part: "main", change } as const;
  const reply = yield* callApi(client, { verb: "patch", ...request });
  return reply.ok || reply.error.code === 404 ? "done" : { retry: reply.error };
}
