import { bindCompleted, type PersistentVolumeClaim } from "../../model/index.ts";
import type { ClusterObjects } from "../snapshot/cluster-objects.ts";

/** Upstream's error text for a claim that is not there. */
export const claimNotFound = (name: string): string => `persistentvolumeclaim "${name}" not found`;

/** Bound on both sides: it names a volume, and the binding was completed. */
export function isFullyBound({ spec, metadata }: PersistentVolumeClaim): boolean {
  const named = spec.volumeName !== undefined && spec.volumeName !== "";
  return named && metadata.annotations?.[bindCompleted] !== undefined;
}

export function waitsForFirstConsumer(className: string, objects: ClusterObjects): boolean {
  if (className === "") return false;
  return objects.get("StorageClass", className)?.volumeBindingMode === "WaitForFirstConsumer";
}
