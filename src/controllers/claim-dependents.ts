import { callApi, type Task, type View } from "../client/index.ts";
import {
  controllerReference,
  type Deployment,
  isPodActive,
  type KubeObject,
  keyOf,
  type LabelSelector,
  matchesLabelSelector,
  type OwnerReference,
  type Pod,
  type ReplicaSet,
} from "../model/index.ts";

/** Who claims, as which client, what its selector matches. */
interface Claimant {
  readonly client: string;
  readonly owner: KubeObject;
  readonly selector: LabelSelector | undefined;
}

/**
 * The pods an owner controls: its own that still match, and active orphans that it adopts; own pods that no longer match are
 * released (PodControllerRefManager, kube-controller-manager v1.36).
 */
export function* claimPods(
  client: string,
  owner: KubeObject,
  selector: LabelSelector | undefined,
  view: View,
): Task<Pod[]> {
  return (yield* claim("Pod", { client, owner, selector }, view)) as Pod[];
}

/** The ReplicaSets that a Deployment controls; see `claimPods` (ReplicaSetControllerRefManager). */
export function* claimReplicaSets(client: string, owner: Deployment, view: View): Task<ReplicaSet[]> {
  return (yield* claim("ReplicaSet", { client, owner, selector: owner.spec.selector }, view)) as ReplicaSet[];
}

function* claim(kind: "Pod" | "ReplicaSet", claimant: Claimant, view: View): Task<KubeObject[]> {
  const { owner, selector } = claimant;
  const leaves = owner.metadata.deletionTimestamp !== undefined;
  const claimed: KubeObject[] = [];
  for (const own of [...view.ownedBy(kind, owner.metadata.uid)]) {
    if (matchesLabelSelector(selector, own.metadata.labels ?? {})) claimed.push(own);
    else if (!leaves && own.metadata.deletionTimestamp === undefined) yield* release(claimant, own);
  }
  if (leaves) return claimed;
  let sure = false;
  for (const orphan of [...view.orphans(kind, owner.metadata.namespace ?? "")]) {
    if (!isAdoptable(orphan, selector)) continue;
    sure ||= yield* isThere(claimant);
    if (!sure) break;
    const adopted = yield* adopt(claimant, orphan);
    if (adopted !== undefined) claimed.push(adopted);
  }
  return claimed;
}

function isAdoptable(orphan: KubeObject, selector: LabelSelector | undefined): boolean {
  if (orphan.metadata.deletionTimestamp !== undefined) return false;
  if (orphan.kind === "Pod" && !isPodActive(orphan as Pod)) return false;
  return matchesLabelSelector(selector, orphan.metadata.labels ?? {});
}

/** Whether `claimPods` would answer with all pods that the ReplicaSet has, and ask for nothing. */
export function ownsWhatItSelects({ metadata, spec }: ReplicaSet, view: View): boolean {
  for (const { labels } of view.podCounts(metadata.uid)) if (!matchesLabelSelector(spec.selector, labels)) return false;
  if (metadata.deletionTimestamp !== undefined) return true;
  for (const orphan of view.orphans("Pod", metadata.namespace ?? ""))
    if (isAdoptable(orphan, spec.selector)) return false;
  return true;
}

/** A live look: an owner that is going, or is another by now, must not take anything. */
function* isThere({ client, owner }: Claimant): Task<boolean> {
  const fresh = yield* callApi(client, { verb: "get", kind: owner.kind, key: keyOf(owner) });
  if (!fresh.ok || fresh.object.metadata.uid !== owner.metadata.uid) return false;
  return fresh.object.metadata.deletionTimestamp === undefined;
}

function adopt({ client, owner }: Claimant, orphan: KubeObject): Task<KubeObject | undefined> {
  return changeOwners(client, orphan, (references) =>
    references.some(({ controller }) => controller === true) ? references : [...references, controllerReference(owner)],
  );
}

function* release({ client, owner }: Claimant, own: KubeObject): Task<void> {
  yield* changeOwners(client, own, (references) => references.filter(({ uid }) => uid !== owner.metadata.uid));
}

function* changeOwners(
  client: string,
  { kind, metadata }: KubeObject,
  change: (references: readonly OwnerReference[]) => readonly OwnerReference[],
): Task<KubeObject | undefined> {
  const rewrite = (stored: KubeObject): KubeObject => ({
    ...stored,
    metadata: { ...stored.metadata, ownerReferences: change(stored.metadata.ownerReferences ?? []) },
  });
  const request = { kind, key: keyOf({ metadata }), uid: metadata.uid, part: "main", change: rewrite } as const;
  const reply = yield* callApi(client, { verb: "patch", ...request });
  return reply.ok ? reply.object : undefined;
}
