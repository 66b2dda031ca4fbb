import { callApi, type Task, type View } from "../client/index.ts";
import {
  controllerOf,
  controllerReference,
  isPodActive,
  type KubeObject,
  keyOf,
  type LabelSelector,
  matchesLabelSelector,
  type Pod,
} from "../model/index.ts";
import { patchPod } from "./pod-control.ts";

/**
 * The pods an owner controls: its own that still match, and orphans that it adopts; own pods that no longer match are
 * released (PodControllerRefManager, kube-controller-manager v1.36).
 */
export function* claimPods(
  client: string,
  owner: KubeObject,
  selector: LabelSelector | undefined,
  view: View,
): Task<Pod[]> {
  const claimed: Pod[] = [];
  for (const pod of [...view.ownedBy("Pod", owner.metadata.uid)]) {
    if (matchesLabelSelector(selector, pod.metadata.labels ?? {})) claimed.push(pod);
    else if (owner.metadata.deletionTimestamp === undefined) yield* release(client, owner, pod);
  }
  if (owner.metadata.deletionTimestamp !== undefined) return claimed;
  for (const pod of [...view.orphans("Pod", owner.metadata.namespace ?? "")]) {
    if (!isPodActive(pod) || !matchesLabelSelector(selector, pod.metadata.labels ?? {})) continue;
    const adopted = yield* adopt(client, owner, pod);
    if (adopted !== undefined) claimed.push(adopted);
  }
  return claimed;
}

function* adopt(client: string, owner: KubeObject, pod: Pod): Task<Pod | undefined> {
  // A live look first: an owner that is going, or is another by now, must not take anything.
  const fresh = yield* callApi(client, { verb: "get", kind: owner.kind, key: keyOf(owner) });
  if (!fresh.ok || fresh.object.metadata.uid !== owner.metadata.uid) return undefined;
  if (fresh.object.metadata.deletionTimestamp !== undefined) return undefined;
  const reply = yield* patchPod(client, pod, "main", (stored) => {
    if (controllerOf(stored) !== undefined) return stored;
    const ownerReferences = [...(stored.metadata.ownerReferences ?? []), controllerReference(owner)];
    return { ...stored, metadata: { ...stored.metadata, ownerReferences } };
  });
  return reply.ok ? (reply.object as Pod) : undefined;
}

function* release(client: string, owner: KubeObject, pod: Pod): Task<void> {
  yield* patchPod(client, pod, "main", (stored) => {
    const ownerReferences = (stored.metadata.ownerReferences ?? []).filter(({ uid }) => uid !== owner.metadata.uid);
    return { ...stored, metadata: { ...stored.metadata, ownerReferences } };
  });
}
