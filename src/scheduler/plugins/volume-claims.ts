import type { PersistentVolume, PersistentVolumeClaim } from "../../model/index.ts";
import type { ClusterObjects } from "../snapshot/cluster-objects.ts";

/** Upstream's error text for a claim that is not there. */
export const claimNotFound = (name: string): string => `persistentvolumeclaim "${name}" not found`;

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
