import type { ApiError, NewObject } from "../../apiserver/index.ts";
import {
  type Change,
  type Controller,
  callApi,
  type Outcome,
  recordEvent,
  type Task,
  type View,
  waitUntil,
} from "../../client/index.ts";
import {
  claimsOf,
  keyOf,
  type ObjectKey,
  objectKey,
  otherFinalizers,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
  type StorageClass,
  type VolumeAttachment,
} from "../../model/index.ts";
import { classNameOf, matchingVolume } from "./matching.ts";

const client = "persistentvolume-controller";
/** `--pvclaimbinder-sync-period`. */
const resyncUs = 15_000_000;
/** From a claim's call for a volume to the volume: what a provider's disk takes. Assumption. */
const provisionUs = 3_000_000;
const bindCompleted = "pv.kubernetes.io/bind-completed";
const boundByController = "pv.kubernetes.io/bound-by-controller";

/**
 * persistentvolume-binder of kube-controller-manager v1.36, and in one with it the provisioner of the claim's class: it makes
 * the volume after a delay. A claim that waits for its first consumer is served once a pod that uses it has a node.
 */
export const persistentVolumeController: Controller<Set<ObjectKey>> = {
  name: client,
  workers: 5,
  memory: () => new Set(),
  watches: [
    {
      kind: "PersistentVolumeClaim",
      keys: claimKeys,
    },
    { kind: "PersistentVolume", keys: volumeKeys },
    { kind: "StorageClass", keys: () => [] },
    {
      kind: "VolumeAttachment",
      keys: ({ before, after }: Change<VolumeAttachment>) => {
        const name = before?.spec.source.persistentVolumeName;
        return after !== undefined || name === undefined ? [] : [objectKey(undefined, name)];
      },
    },
    { kind: "Pod", keys: podKeys },
  ],
  reconcile,
};

/** A claim that is gone leaves its volume to be looked at. */
function claimKeys({ before, after }: Change<PersistentVolumeClaim>): ObjectKey[] {
  if (after !== undefined) return [keyOf(after)];
  const { volumeName } = before!.spec;
  return volumeName === undefined ? [] : [objectKey(undefined, volumeName)];
}

/** Its own key, without a namespace, makes it Available; the scheduler promises volumes to claims, which are to be bound then. */
function volumeKeys({ after }: Change<PersistentVolume>): ObjectKey[] {
  if (after === undefined) return [];
  const { claimRef } = after.spec;
  if (claimRef === undefined || after.status.phase === "Bound") return [keyOf(after)];
  const promised = after.metadata.annotations?.[boundByController] !== undefined;
  return promised ? [keyOf(after), objectKey(claimRef.namespace, claimRef.name ?? "")] : [keyOf(after)];
}

/** A pod that has got a node is the first consumer its claims have waited for. */
function podKeys({ before, after }: Change<Pod>, view: View): ObjectKey[] {
  if (after?.spec.nodeName === undefined || before?.spec.nodeName === after.spec.nodeName) return [];
  return claimsOf(after).filter((key) => view.get("PersistentVolumeClaim", key)?.status.phase !== "Bound");
}

function* reconcile(key: ObjectKey, view: View, provisioning: Set<ObjectKey>): Task<Outcome> {
  const volume = view.get("PersistentVolume", key);
  if (volume !== undefined) return yield* syncVolume(volume, view);
  const claim = view.get("PersistentVolumeClaim", key);
  if (claim === undefined || claim.metadata.deletionTimestamp !== undefined) return "done";
  if (claim.status.phase === "Bound") return "done";
  const named = claim.spec.volumeName;
  const found = named
    ? view.get("PersistentVolume", objectKey(undefined, named))
    : matchingVolume(claim, view.list("PersistentVolume"));
  const storageClass = view.get("StorageClass", objectKey(undefined, classNameOf(claim)));
  const consumer = consumerOf(claim, view);
  const waits = storageClass?.volumeBindingMode === "WaitForFirstConsumer" && consumer === undefined;
  if (waits && !named && found?.spec.claimRef === undefined) {
    const message = "waiting for first consumer to be created before binding";
    yield* recordEvent(client, claim, "Normal", "WaitForFirstConsumer", message);
    return { requeueInUs: resyncUs };
  }
  if (found !== undefined) return outcomeOf(yield* bind(claim, found, view));
  if (storageClass === undefined || !provisions(storageClass)) {
    const message = "no persistent volumes available for this claim and no storage class is set";
    if (classNameOf(claim) === "") yield* recordEvent(client, claim, "Normal", "FailedBinding", message);
    return { requeueInUs: resyncUs };
  }
  if (provisioning.has(key)) return "done";
  provisioning.add(key);
  const error = yield* provision(claim, storageClass, consumer, view);
  provisioning.delete(key);
  return outcomeOf(error);
}

function outcomeOf(error: ApiError | undefined): Outcome {
  return error === undefined ? "done" : { retry: error };
}

function provisions({ provisioner }: StorageClass): boolean {
  return provisioner !== "" && provisioner !== "kubernetes.io/no-provisioner";
}

/** The node that the scheduler selected for the claim, or that of a pod that uses it. */
function consumerOf({ metadata }: PersistentVolumeClaim, view: View): string | undefined {
  const selected = metadata.annotations?.["volume.kubernetes.io/selected-node"];
  if (selected !== undefined) return selected;
  for (const { spec } of view.podsWithClaim(keyOf({ metadata }))) {
    if ((spec.nodeName ?? "") !== "") return spec.nodeName;
  }
  return undefined;
}

/** Reserves the volume, then gives it to the claim: the four writes of upstream, in its order. */
function* bind(claim: PersistentVolumeClaim, found: PersistentVolume, view: View): Task<ApiError | undefined> {
  const { name, namespace, uid } = claim.metadata;
  const lastPhaseTransitionTime = view.clock.time(view.nowUs);
  const claimRef = { apiVersion: "v1", kind: "PersistentVolumeClaim", name, namespace, uid };
  const volumeKey = keyOf(found);
  const claimKey = keyOf(claim);
  const reserve = (stored: PersistentVolume): PersistentVolume =>
    stored.spec.claimRef?.uid === uid ? stored : { ...stored, spec: { ...stored.spec, claimRef } };
  const boundVolume = (stored: PersistentVolume): PersistentVolume => ({
    ...stored,
    status: { ...stored.status, phase: "Bound", lastPhaseTransitionTime },
  });
  const give = (stored: PersistentVolumeClaim): PersistentVolumeClaim => ({
    ...stored,
    metadata: {
      ...stored.metadata,
      annotations: { ...stored.metadata.annotations, [bindCompleted]: "yes", [boundByController]: "yes" },
    },
    spec: { ...stored.spec, volumeName: found.metadata.name },
  });
  const { accessModes, capacity } = found.spec;
  const boundClaim = (stored: PersistentVolumeClaim): PersistentVolumeClaim => ({
    ...stored,
    status: { ...stored.status, phase: "Bound", ...(accessModes && { accessModes }), ...(capacity && { capacity }) },
  });
  const writes = [
    { kind: "PersistentVolume", key: volumeKey, part: "main", change: reserve },
    { kind: "PersistentVolume", key: volumeKey, part: "status", change: boundVolume },
    { kind: "PersistentVolumeClaim", key: claimKey, part: "main", change: give },
    { kind: "PersistentVolumeClaim", key: claimKey, part: "status", change: boundClaim },
  ] as const;
  for (const write of writes) {
    const reply = yield* callApi(client, { verb: "patch", ...write });
    if (!reply.ok) return reply.error.code === 404 ? undefined : reply.error;
  }
  return undefined;
}

/** Makes the volume where its consumer runs, after the provider's delay, already reserved for the claim. */
function* provision(
  claim: PersistentVolumeClaim,
  storageClass: StorageClass,
  node: string | undefined,
  view: View,
): Task<ApiError | undefined> {
  const { provisioner } = storageClass;
  const message = `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`;
  yield* recordEvent(client, claim, "Normal", "ExternalProvisioning", message);
  yield* waitUntil(view.nowUs + provisionUs);
  const volume = newVolume(claim, storageClass, node, view);
  const reply = yield* callApi(client, { verb: "create", object: volume });
  if (!reply.ok && reply.error.reason !== "AlreadyExists") return reply.error;
  if (!reply.ok) return undefined;
  const done = `Successfully provisioned volume ${volume.metadata.name}`;
  yield* recordEvent(provisioner, claim, "Normal", "ProvisioningSucceeded", done);
  return yield* bind(claim, reply.object as PersistentVolume, view);
}

function newVolume(
  claim: PersistentVolumeClaim,
  storageClass: StorageClass,
  node: string | undefined,
  view: View,
): NewObject {
  const { name, namespace, uid } = claim.metadata;
  const zone =
    node === undefined
      ? undefined
      : view.get("Node", objectKey(undefined, node))?.metadata.labels?.["topology.kubernetes.io/zone"];
  const term = { matchExpressions: [{ key: "topology.kubernetes.io/zone", operator: "In", values: [zone ?? ""] }] };
  return {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name: `pvc-${uid}`, annotations: { "pv.kubernetes.io/provisioned-by": storageClass.provisioner } },
    spec: {
      capacity: { storage: claim.spec.resources?.requests?.["storage"] ?? "1Gi" },
      accessModes: claim.spec.accessModes ?? ["ReadWriteOnce"],
      volumeMode: claim.spec.volumeMode ?? "Filesystem",
      storageClassName: storageClass.metadata.name,
      persistentVolumeReclaimPolicy: storageClass.reclaimPolicy ?? "Delete",
      claimRef: { apiVersion: "v1", kind: "PersistentVolumeClaim", name, namespace, uid },
      csi: { driver: storageClass.provisioner, volumeHandle: `pvc-${uid}` },
      ...(zone !== undefined && { nodeAffinity: { required: { nodeSelectorTerms: [term] } } }),
    },
  };
}

/** Pending volumes become Available; one whose claim is gone is Released, and deleted if its policy says so. */
function* syncVolume(volume: PersistentVolume, view: View): Task<Outcome> {
  const { claimRef, persistentVolumeReclaimPolicy } = volume.spec;
  const key = keyOf(volume);
  const protectedStill = volume.metadata.finalizers?.includes("kubernetes.io/pv-protection") === true;
  if (volume.metadata.deletionTimestamp !== undefined && volume.status.phase !== "Bound") {
    if (!protectedStill) return "done";
    return outcomeOf(yield* removeFinalizer("PersistentVolume", key, "kubernetes.io/pv-protection"));
  }
  const claim = claimRef && view.get("PersistentVolumeClaim", objectKey(claimRef.namespace, claimRef.name ?? ""));
  const lost = claimRef?.uid !== undefined && claim?.metadata.uid !== claimRef.uid;
  const free = volume.status.phase === "Pending" && claimRef === undefined;
  if (!lost && !free) return "done";
  const phase = lost ? "Released" : "Available";
  const lastPhaseTransitionTime = view.clock.time(view.nowUs);
  const change = (stored: PersistentVolume): PersistentVolume => ({
    ...stored,
    status: { ...stored.status, phase, lastPhaseTransitionTime },
  });
  if (volume.status.phase !== phase) {
    const reply = yield* callApi(client, { verb: "patch", kind: "PersistentVolume", key, part: "status", change });
    if (!reply.ok) return reply.error.code === 404 ? "done" : { retry: reply.error };
  }
  if (!lost || persistentVolumeReclaimPolicy !== "Delete") return "done";
  // The driver refuses while some machine has it.
  const [attachment] = view.attachmentsOf(volume.metadata.name);
  if (attachment !== undefined) return "done";
  const reply = yield* callApi(client, { verb: "delete", kind: "PersistentVolume", key });
  return reply.ok || reply.error.code === 404 ? "done" : { retry: reply.error };
}

function* removeFinalizer(kind: "PersistentVolume", key: ObjectKey, finalizer: string): Task<ApiError | undefined> {
  const change = (stored: PersistentVolume): PersistentVolume => ({
    ...stored,
    metadata: { ...stored.metadata, finalizers: otherFinalizers(stored, finalizer) },
  });
  const reply = yield* callApi(client, { verb: "patch", kind, key, part: "main", change });
  return reply.ok || reply.error.code === 404 ? undefined : reply.error;
}
