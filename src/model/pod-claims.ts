import type { Pod } from "./generated/api-types.ts";
import { type ObjectKey, objectKey } from "./object-meta.ts";

/** Claims that a pod's volumes name; none for a pod without volumes. */
export function claimsOf({ metadata, spec }: Pod): ObjectKey[] {
  if (spec.volumes === undefined) return [];
  return spec.volumes.flatMap(({ persistentVolumeClaim }) =>
    persistentVolumeClaim === undefined ? [] : [objectKey(metadata.namespace, persistentVolumeClaim.claimName)],
  );
}
