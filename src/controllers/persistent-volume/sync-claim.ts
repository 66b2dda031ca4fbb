import type { ApiError } from "../../apiserver/index.ts";
import { recordEvent, type Task, type View } from "../../client/index.ts";
import {
  bindCompleted,
  boundByController,
  defaultStorageClass,
  isPodTerminal,
  keyOf,
  objectKey,
  type PersistentVolumeClaim,
  type StorageClass,
  selectedNode,
  storageClassOf,
  storageProvisioner,
} from "../../model/index.ts";
import { bind, client, patch, setClaimPhase } from "./bind.ts";
import { isPromisedTo, matchingVolume, unsuitable } from "./matching.ts";

const betaProvisioner = "volume.beta.kubernetes.io/storage-provisioner";

/** `syncClaim` of v1.36; whether the claim is to be looked at again at the next beat, or what went wrong. */
export function* syncClaim(claim: PersistentVolumeClaim, view: View): Task<ApiError | "settled" | "waits"> {
  if (claim.metadata.annotations?.[bindCompleted] !== undefined) return (yield* syncBound(claim, view)) ?? "settled";
  const { volumeName = "" } = claim.spec;
  const error = volumeName === "" ? yield* findVolume(claim, view) : yield* takeNamed(claim, volumeName, view);
  return error === "bound" ? "settled" : (error ?? "waits");
}

function* findVolume(claim: PersistentVolumeClaim, view: View): Task<ApiError | "bound" | undefined> {
  const storageClass = view.get("StorageClass", objectKey(undefined, storageClassOf(claim)));
  const delayed = storageClass?.volumeBindingMode === "WaitForFirstConsumer";
  const found = matchingVolume(claim, view.list("PersistentVolume"), delayed);
  if (found !== undefined) return (yield* bind(found, claim, view)) ?? "bound";
  const byDefault =
    claim.spec.storageClassName === undefined ? defaultStorageClass(view.list("StorageClass")) : undefined;
  if (byDefault !== undefined) {
    const storageClassName = byDefault.metadata.name;
    return yield* patch(claim, "main", (stored) => ({ ...stored, spec: { ...stored.spec, storageClassName } }));
  }
  if (delayed && claim.metadata.annotations?.[selectedNode] === undefined) yield* tellToWait(claim, view);
  else if (storageClassOf(claim) !== "") return yield* provision(claim, storageClass);
  else {
    const message = "no persistent volumes available for this claim and no storage class is set";
    yield* recordEvent(client, claim, "Normal", "FailedBinding", message);
  }
  return yield* setClaimPhase(claim, "Pending");
}

function* tellToWait(claim: PersistentVolumeClaim, view: View): Task<void> {
  const pods: string[] = [];
  for (const pod of view.podsWithClaim(keyOf(claim)))
    if (!isPodTerminal(pod) && (pod.spec.nodeName ?? "") === "") pods.push(pod.metadata.name);
  if (pods.length === 0) {
    const message = "waiting for first consumer to be created before binding";
    return yield* recordEvent(client, claim, "Normal", "WaitForFirstConsumer", message);
  }
  const names = `pod${pods.length > 1 ? "s" : ""} ${pods.join(",")}`;
  yield* recordEvent(client, claim, "Normal", "WaitForPodScheduled", `waiting for ${names} to be scheduled`);
}

/** Calls for a provisioner by an annotation, and waits for its volume. */
function* provision(claim: PersistentVolumeClaim, storageClass: StorageClass | undefined): Task<ApiError | undefined> {
  const provisioner = storageClass?.provisioner ?? "";
  if (storageClass === undefined || provisioner === "kubernetes.io/no-provisioner") {
    const message =
      storageClass === undefined
        ? `storageclass.storage.k8s.io "${storageClassOf(claim)}" not found`
        : `no volume plugin matched name: ${provisioner}`;
    yield* recordEvent(client, claim, "Warning", "ProvisioningFailed", message);
    return undefined;
  }
  if (claim.metadata.annotations?.[storageProvisioner] !== provisioner) {
    const marks = { [betaProvisioner]: provisioner, [storageProvisioner]: provisioner };
    const error = yield* patch(claim, "main", (stored) => ({
      ...stored,
      metadata: { ...stored.metadata, annotations: { ...stored.metadata.annotations, ...marks } },
    }));
    if (error !== undefined) return error;
  }
  const message = `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`;
  yield* recordEvent(client, claim, "Normal", "ExternalProvisioning", message);
  return undefined;
}

/** The claim names its volume. */
function* takeNamed(claim: PersistentVolumeClaim, name: string, view: View): Task<ApiError | "bound" | undefined> {
  const volume = view.get("PersistentVolume", objectKey(undefined, name));
  if (volume === undefined) return yield* setClaimPhase(claim, "Pending");
  const problem = volume.spec.claimRef === undefined ? unsuitable(volume, claim) : undefined;
  if (problem !== undefined) {
    const message = `Cannot bind to requested volume "${name}": ${problem}`;
    yield* recordEvent(client, claim, "Warning", "VolumeMismatch", message);
    return yield* setClaimPhase(claim, "Pending");
  }
  if (volume.spec.claimRef === undefined || isPromisedTo(volume, claim))
    return (yield* bind(volume, claim, view)) ?? "bound";
  if (claim.metadata.annotations?.[boundByController] === undefined) return yield* setClaimPhase(claim, "Pending");
  const { namespace, name: other } = volume.spec.claimRef;
  const message = `invalid binding of claim "${keyOf(claim)}" to volume "${name}": volume already claimed by "${namespace}/${other}"`;
  return { code: 500, reason: "InternalError", message };
}

/** What was bound stays so, or is lost for good. */
function* syncBound(claim: PersistentVolumeClaim, view: View): Task<ApiError | undefined> {
  const { volumeName = "" } = claim.spec;
  if (volumeName === "")
    return yield* lose(
      claim,
      "ClaimLost",
      "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!",
    );
  const volume = view.get("PersistentVolume", objectKey(undefined, volumeName));
  if (volume === undefined)
    return yield* lose(claim, "ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!");
  if (volume.spec.claimRef === undefined || volume.spec.claimRef.uid === claim.metadata.uid)
    return yield* bind(volume, claim, view);
  const message = "Two claims are bound to the same volume, this one is bound incorrectly";
  return yield* lose(claim, "ClaimMisbound", message);
}

function* lose(claim: PersistentVolumeClaim, reason: string, message: string): Task<ApiError | undefined> {
  if (claim.status.phase === "Lost") return undefined;
  const error = yield* setClaimPhase(claim, "Lost");
  if (error === undefined) yield* recordEvent(client, claim, "Warning", reason, message);
  return error;
}
