import type { PersistentVolume, PersistentVolumeClaim, Pod, StorageClass } from "./generated/api-types.ts";
import { controllerOf, type ObjectKey, objectKey } from "./object-meta.ts";

/** A volume of a pod that is a claim in the pod's namespace. Generic ephemeral volumes get one of the pod's and the volume's name. */
export interface PodClaim {
  readonly name: string;
  readonly ephemeral: boolean;
}

/** On a claim: the provisioner that is to make its volume, and the node for which. */
export const storageProvisioner = "volume.kubernetes.io/storage-provisioner";
export const selectedNode = "volume.kubernetes.io/selected-node";
/** On a claim whose binding is complete. */
export const bindCompleted = "pv.kubernetes.io/bind-completed";
/** On what was bound by a controller, not by its user. */
export const boundByController = "pv.kubernetes.io/bound-by-controller";

const legacyClass = "volume.beta.kubernetes.io/storage-class";

/** The storage class that a claim or volume names; the old annotation wins. "" when it names none. */
export function storageClassOf({ metadata, spec }: PersistentVolumeClaim | PersistentVolume): string {
  return metadata.annotations?.[legacyClass] ?? spec.storageClassName ?? "";
}

/** The newest class that says it is the default one. */
export function defaultStorageClass(classes: Iterable<StorageClass>): StorageClass | undefined {
  let newest: StorageClass | undefined;
  for (const candidate of classes) {
    const { annotations, creationTimestamp } = candidate.metadata;
    if (annotations?.["storageclass.kubernetes.io/is-default-class"] !== "true") continue;
    if (newest === undefined || creationTimestamp > newest.metadata.creationTimestamp) newest = candidate;
  }
  return newest;
}

const none: readonly PodClaim[] = [];

/** Claims that a pod's volumes name or are to get, in the order of the volumes. */
export function podClaims({ metadata, spec: { volumes } }: Pod): readonly PodClaim[] {
  if (volumes === undefined || volumes.length === 0) return none;
  const claims: PodClaim[] = [];
  for (const { name, persistentVolumeClaim, ephemeral } of volumes) {
    if (persistentVolumeClaim !== undefined) claims.push({ name: persistentVolumeClaim.claimName, ephemeral: false });
    else if (ephemeral !== undefined) claims.push({ name: ephemeralClaimName(metadata, name), ephemeral: true });
  }
  return claims;
}

/** `<pod>-<volume>`. */
export function ephemeralClaimName({ name }: { readonly name: string }, volume: string): string {
  return `${name}-${volume}`;
}

/** Keys of a pod's claims; none for a pod without volumes. */
export function claimsOf(pod: Pod): ObjectKey[] {
  return podClaims(pod).map(({ name }) => objectKey(pod.metadata.namespace, name));
}

/** Whether the ephemeral claim was made for this very pod; upstream's text that says why not. */
export function foreignClaim(pod: Pod, claim: PersistentVolumeClaim): string | undefined {
  const owner = controllerOf(claim);
  if (owner !== undefined && owner.uid === pod.metadata.uid) return undefined;
  const { namespace, name } = claim.metadata;
  return `PVC ${namespace}/${name} was not created for pod ${pod.metadata.namespace}/${pod.metadata.name} (pod is not owner)`;
}
