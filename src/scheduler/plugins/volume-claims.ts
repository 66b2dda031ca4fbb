import { controllerOf, type PersistentVolume, type PersistentVolumeClaim, type Pod } from "../../model/index.ts";
import type { ClusterObjects } from "../snapshot/cluster-objects.ts";

/** A volume of a pod that is a claim. Generic ephemeral volumes get one of the pod's and the volume's name. */
interface ClaimOfPod {
  readonly name: string;
  readonly ephemeral: boolean;
}

export function claimsOf(pod: Pod): readonly ClaimOfPod[] {
  const { volumes } = pod.spec;
  if (volumes === undefined || volumes.length === 0) return none;
  const claims: ClaimOfPod[] = [];
  for (const { name, persistentVolumeClaim, ephemeral } of volumes) {
    if (persistentVolumeClaim !== undefined) claims.push({ name: persistentVolumeClaim.claimName, ephemeral: false });
    else if (ephemeral !== undefined) claims.push({ name: `${pod.metadata.name}-${name}`, ephemeral: true });
  }
  return claims;
}

const none: readonly ClaimOfPod[] = [];

/** Upstream's error text for a claim that is not there. */
export const claimNotFound = (name: string): string => `persistentvolumeclaim "${name}" not found`;

/** Whether the ephemeral claim was made for this very pod; a text that says why not. */
export function foreignClaim(pod: Pod, claim: PersistentVolumeClaim): string | undefined {
  const owner = controllerOf(claim);
  if (owner !== undefined && owner.uid === pod.metadata.uid) return undefined;
  const { namespace, name } = claim.metadata;
  return `PVC ${namespace}/${name} was not created for pod ${pod.metadata.namespace}/${pod.metadata.name} (pod is not owner)`;
}

const classAnnotation = "volume.beta.kubernetes.io/storage-class";

/** The storage class that a claim asks for; the old annotation wins. "" when it names none. */
export function classOf(object: PersistentVolumeClaim | PersistentVolume): string {
  return object.metadata.annotations?.[classAnnotation] ?? object.spec.storageClassName ?? "";
}

/** The annotation that names the node for which a volume is to be made. */
export const selectedNode = "volume.kubernetes.io/selected-node";

/** Bound on both sides: it names a volume, and the binding was completed. */
export function isFullyBound({ spec, metadata }: PersistentVolumeClaim): boolean {
  const named = spec.volumeName !== undefined && spec.volumeName !== "";
  return named && metadata.annotations?.["pv.kubernetes.io/bind-completed"] !== undefined;
}

export function waitsForFirstConsumer(className: string, objects: ClusterObjects): boolean {
  if (className === "") return false;
  return objects.get("StorageClass", className)?.volumeBindingMode === "WaitForFirstConsumer";
}
