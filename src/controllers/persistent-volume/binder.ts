import type { Change, Controller, Outcome, Task, View } from "../../client/index.ts";
import {
  keyOf,
  type ObjectKey,
  objectKey,
  type PersistentVolume,
  type PersistentVolumeClaim,
} from "../../model/index.ts";
import { nextTickAt, type Ticker } from "../../sim/index.ts";
import { client } from "./bind.ts";
import { syncClaim } from "./sync-claim.ts";
import { syncVolume } from "./sync-volume.ts";

/** `--pvclaimbinder-sync-period`: at this beat everything is looked at anew. */
const resync: Ticker = { phaseUs: 0, periodUs: 15_000_000 };

/**
 * persistentvolume-binder-controller of kube-controller-manager v1.36: binds claims and volumes, calls for provisioners, releases volumes.
 * A key without a namespace is a volume.
 */
export const persistentVolumeController: Controller<undefined> = {
  name: client,
  workers: 2,
  memory: () => undefined,
  watches: [
    { kind: "PersistentVolumeClaim", keys: claimKeys },
    { kind: "PersistentVolume", keys: volumeKeys },
    { kind: "StorageClass", keys: () => [] },
    { kind: "Pod", keys: () => [] },
  ],
  reconcile,
};

/** A claim that is gone leaves its volume to be looked at. */
function claimKeys({ before, after }: Change<PersistentVolumeClaim>): ObjectKey[] {
  if (after !== undefined) return [keyOf(after)];
  const { volumeName = "" } = before!.spec;
  return volumeName === "" ? [] : [objectKey(undefined, volumeName)];
}

/** A volume that is gone leaves its claim lost. */
function volumeKeys({ before, after }: Change<PersistentVolume>): ObjectKey[] {
  if (after !== undefined) return [keyOf(after)];
  const { claimRef } = before!.spec;
  return claimRef === undefined ? [] : [objectKey(claimRef.namespace, claimRef.name ?? "")];
}

function* reconcile(key: ObjectKey, view: View): Task<Outcome> {
  let claim = view.get("PersistentVolumeClaim", key);
  const volume = view.get("PersistentVolume", key);
  if (volume !== undefined) {
    const after = yield* syncVolume(volume, view);
    if (after === undefined) return "done";
    if ("code" in after) return { retry: after };
    claim = after;
  }
  if (claim === undefined) return "done";
  const after = yield* syncClaim(claim, view);
  if (after === "settled") return "done";
  return after === "waits" ? { requeueInUs: nextTickAt(resync, view.nowUs + 1) - view.nowUs } : { retry: after };
}
