import type { ApiError } from "../../apiserver/index.ts";
import { callApi, recordEvent, type Task, type View } from "../../client/index.ts";
import { keyOf, objectKey, type PersistentVolume, type PersistentVolumeClaim } from "../../model/index.ts";
import { client, setVolumePhase, unbind } from "./bind.ts";
import { isOfMode } from "./matching.ts";

/** On a volume: who made it. */
export const provisionedBy = "pv.kubernetes.io/provisioned-by";

/** `syncVolume` of v1.36; a claim that is to be looked at because of it, or what went wrong. */
export function* syncVolume(volume: PersistentVolume, view: View): Task<ApiError | PersistentVolumeClaim | undefined> {
  const { claimRef } = volume.spec;
  if (claimRef === undefined || (claimRef.uid ?? "") === "") return yield* setVolumePhase(volume, "Available", view);
  const claim = yield* claimOf(volume, view);
  if (claim !== undefined && "code" in claim) return claim;
  if (claim === undefined) return yield* release(volume, view);
  const { volumeName = "" } = claim.spec;
  if (volumeName === volume.metadata.name) return yield* setVolumePhase(volume, "Bound", view);
  if (volumeName === "") {
    if (isOfMode(volume, claim)) return claim;
    yield* tellOfModes(volume, claim);
    return undefined;
  }
  const dynamic = volume.metadata.annotations?.[provisionedBy] !== undefined;
  if (dynamic && volume.spec.persistentVolumeReclaimPolicy === "Delete") return yield* release(volume, view);
  return yield* unbind(volume, view);
}

/** The claim to which the volume is promised; a cache may know less of claims than of volumes. */
function* claimOf({ spec, status }: PersistentVolume, view: View): Task<PersistentVolumeClaim | ApiError | undefined> {
  const { namespace, name = "", uid } = spec.claimRef!;
  const key = objectKey(namespace, name);
  const known = view.get("PersistentVolumeClaim", key);
  if (known?.metadata.uid === uid) return known;
  if (status.phase === "Released" || status.phase === "Failed") return undefined;
  const reply = yield* callApi(client, { verb: "get", kind: "PersistentVolumeClaim", key });
  if (!reply.ok) return reply.error.code === 404 ? undefined : reply.error;
  const found = reply.object as PersistentVolumeClaim;
  return found.metadata.uid === uid ? found : undefined;
}

function* tellOfModes(volume: PersistentVolume, claim: PersistentVolumeClaim): Task<void> {
  const why = "due to incompatible volumeMode.";
  const [pv, pvc] = [volume.metadata.name, claim.metadata.name];
  const toVolume = `Cannot bind PersistentVolume to requested PersistentVolumeClaim "${pvc}" ${why}`;
  yield* recordEvent(client, volume, "Warning", "VolumeMismatch", toVolume);
  const toClaim = `Cannot bind PersistentVolume "${pv}" to requested PersistentVolumeClaim ${why}`;
  yield* recordEvent(client, claim, "Warning", "VolumeMismatch", toClaim);
}

/** Its claim is gone. What a driver has made is the driver's to delete. */
function* release(volume: PersistentVolume, view: View): Task<ApiError | undefined> {
  const { phase } = volume.status;
  if (phase !== "Released" && phase !== "Failed") {
    const error = yield* setVolumePhase(volume, "Released", view);
    if (error !== undefined) return error;
  }
  if (volume.spec.persistentVolumeReclaimPolicy !== "Delete" || volume.metadata.deletionTimestamp !== undefined)
    return undefined;
  const maker = volume.metadata.annotations?.[provisionedBy] ?? "";
  if (maker !== "" && !maker.startsWith("kubernetes.io/")) return undefined;
  const problem = undeletable(volume);
  if (problem !== undefined) {
    if (phase === "Failed" && volume.status.message === problem) return undefined;
    const error = yield* setVolumePhase(volume, "Failed", view, problem);
    if (error === undefined) yield* recordEvent(client, volume, "Warning", "VolumeFailedDelete", problem);
    return error;
  }
  const reply = yield* callApi(client, { verb: "delete", kind: "PersistentVolume", key: keyOf(volume) });
  return reply.ok || reply.error.code === 404 ? undefined : reply.error;
}

/** Of the plugins within kube-controller-manager only hostPath deletes, and only below /tmp. */
function undeletable({ metadata, spec }: PersistentVolume): string | undefined {
  const path = spec.hostPath?.path;
  if (path === undefined)
    return `error getting deleter volume plugin for volume "${metadata.name}": no deletable volume plugin matched`;
  return /^\/tmp\/.+/.test(path) ? undefined : `host_path deleter only supports /tmp/.+ but received provided ${path}`;
}
