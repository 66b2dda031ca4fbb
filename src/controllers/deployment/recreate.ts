import type { View } from "../../client/index.ts";
import { isPodTerminal, type ReplicaSet } from "../../model/index.ts";

/** Whether the old pods are gone for good: no ReplicaSet counts one, and none that still ends is left (Recreate). */
export function mayRecreate(fresh: ReplicaSet | undefined, old: readonly ReplicaSet[], view: View): boolean {
  for (const { metadata, status } of old) {
    if ((status.replicas ?? 0) > 0) return false;
    for (const pod of view.ownedBy("Pod", metadata.uid)) if (!isPodTerminal(pod)) return false;
  }
  return fresh === undefined || fresh.metadata.deletionTimestamp === undefined;
}
