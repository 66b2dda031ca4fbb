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
  keyOf,
  type ObjectKey,
  objectKey,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type StorageClass,
  selectedNode,
  storageClassOf,
  storageProvisioner,
  type VolumeAttachment,
} from "../../model/index.ts";
import { provisionedBy } from "../persistent-volume/sync-volume.ts";

/** From a claim's call for a volume to the volume: what a provider's disk takes. Assumption. */
const provisionUs = 3_000_000;

/**
 * The external-provisioner beside every CSI driver (kubernetes-csi, as of 2026-08): makes a volume for a claim that calls for its driver,
 * once the scheduler has named a node if the class waits for that, and deletes released volumes that it made. A key without a
 * namespace is a volume.
 */
export const externalProvisioner: Controller<undefined> = {
  name: "external-provisioner",
  workers: 100,
  memory: () => undefined,
  watches: [
    {
      kind: "PersistentVolumeClaim",
      keys: ({ after }: Change<PersistentVolumeClaim>) => (isCalling(after) ? [keyOf(after!)] : []),
    },
    {
      kind: "PersistentVolume",
      keys: ({ after }: Change<PersistentVolume>) => (after?.status.phase === "Released" ? [keyOf(after)] : []),
    },
    { kind: "StorageClass", keys: () => [] },
    { kind: "Node", keys: () => [] },
    {
      kind: "VolumeAttachment",
      keys: ({ before, after }: Change<VolumeAttachment>) => {
        const name = before?.spec.source.persistentVolumeName;
        return after !== undefined || name === undefined ? [] : [objectKey(undefined, name)];
      },
    },
  ],
  reconcile,
};

function isCalling(claim: PersistentVolumeClaim | undefined): boolean {
  if (claim === undefined || claim.metadata.deletionTimestamp !== undefined) return false;
  return (claim.spec.volumeName ?? "") === "" && claim.metadata.annotations?.[storageProvisioner] !== undefined;
}

function* reconcile(key: ObjectKey, view: View): Task<Outcome> {
  const volume = view.get("PersistentVolume", key);
  const error = volume === undefined ? yield* serve(key, view) : yield* remove(volume, view);
  return error === undefined ? "done" : { retry: error };
}

function* serve(key: ObjectKey, view: View): Task<ApiError | undefined> {
  const claim = view.get("PersistentVolumeClaim", key);
  if (claim === undefined || !isCalling(claim)) return undefined;
  const storageClass = view.get("StorageClass", objectKey(undefined, storageClassOf(claim)));
  const provisioner = claim.metadata.annotations?.[storageProvisioner];
  if (storageClass === undefined || storageClass.provisioner !== provisioner) return undefined;
  const node = claim.metadata.annotations?.[selectedNode];
  if (storageClass.volumeBindingMode === "WaitForFirstConsumer" && node === undefined) return undefined;
  const volume = newVolume(claim, storageClass, node, view);
  if (view.get("PersistentVolume", objectKey(undefined, volume.metadata.name!)) !== undefined) return undefined;
  const begins = `External provisioner is provisioning volume for claim "${keyOf(claim)}"`;
  yield* recordEvent(provisioner, claim, "Normal", "Provisioning", begins);
  yield* waitUntil(view.nowUs + provisionUs);
  const reply = yield* callApi(provisioner, { verb: "create", object: volume });
  if (!reply.ok) return reply.error.reason === "AlreadyExists" ? undefined : reply.error;
  const done = `Successfully provisioned volume ${volume.metadata.name}`;
  yield* recordEvent(provisioner, claim, "Normal", "ProvisioningSucceeded", done);
  return undefined;
}

/** A volume in the zone of the node for which it is made, promised to its claim. */
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
    metadata: { name: `pvc-${uid}`, annotations: { [provisionedBy]: storageClass.provisioner } },
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

/** The driver refuses while some machine has it: the end of its attachment brings the volume here again. */
function* remove(volume: PersistentVolume, view: View): Task<ApiError | undefined> {
  const driver = volume.metadata.annotations?.[provisionedBy];
  if (driver === undefined || driver !== volume.spec.csi?.driver || volume.status.phase !== "Released")
    return undefined;
  if (volume.spec.persistentVolumeReclaimPolicy !== "Delete" || volume.metadata.deletionTimestamp !== undefined)
    return undefined;
  for (const _attachment of view.attachmentsOf(volume.metadata.name)) return undefined;
  const reply = yield* callApi(driver, { verb: "delete", kind: "PersistentVolume", key: keyOf(volume) });
  return reply.ok || reply.error.code === 404 ? undefined : reply.error;
}
