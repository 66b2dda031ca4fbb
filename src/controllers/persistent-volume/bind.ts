import type { ApiError } from "../../apiserver/index.ts";
import { callApi, type Task, type View } from "../../client/index.ts";
import {
  bindCompleted,
  boundByController,
  keyOf,
  type PersistentVolume,
  type PersistentVolumeClaim,
} from "../../model/index.ts";
import { isPromisedTo } from "./matching.ts";

export const client = "persistentvolume-controller";

type VolumePhase = "Available" | "Bound" | "Released" | "Failed";
type ClaimPhase = "Pending" | "Bound" | "Lost";

/** Reserves the volume, then gives it to the claim: four writes in upstream's order, those that change nothing left out. */
export function* bind(volume: PersistentVolume, claim: PersistentVolumeClaim, view: View): Task<ApiError | undefined> {
  return (
    (yield* reserve(volume, claim)) ??
    (yield* setVolumePhase(volume, "Bound", view)) ??
    (yield* give(claim, volume)) ??
    (yield* setClaimPhase(claim, "Bound", volume))
  );
}

function* reserve(volume: PersistentVolume, claim: PersistentVolumeClaim): Task<ApiError | undefined> {
  const { name, namespace, uid } = claim.metadata;
  if (isPromisedTo(volume, claim) && volume.spec.claimRef?.uid === uid) return undefined;
  const claimRef = { apiVersion: "v1", kind: "PersistentVolumeClaim", name, namespace, uid };
  // Who promised the volume by name did so himself.
  const mark = isPromisedTo(volume, claim) ? {} : { [boundByController]: "yes" };
  return yield* patch(volume, "main", (stored: PersistentVolume) => ({
    ...stored,
    metadata: { ...stored.metadata, annotations: { ...stored.metadata.annotations, ...mark } },
    spec: { ...stored.spec, claimRef },
  }));
}

function* give(claim: PersistentVolumeClaim, volume: PersistentVolume): Task<ApiError | undefined> {
  const { name } = volume.metadata;
  const mine = claim.spec.volumeName === name;
  if (mine && claim.metadata.annotations?.[bindCompleted] !== undefined) return undefined;
  const marks = { ...(!mine && { [boundByController]: "yes" }), [bindCompleted]: "yes" };
  return yield* patch(claim, "main", (stored: PersistentVolumeClaim) => ({
    ...stored,
    metadata: { ...stored.metadata, annotations: { ...stored.metadata.annotations, ...marks } },
    spec: { ...stored.spec, volumeName: name },
  }));
}

/** Takes the promise back: whole if it was ours, else only from this claim's uid. */
export function* unbind(volume: PersistentVolume, view: View): Task<ApiError | undefined> {
  const error = yield* patch(volume, "main", (stored: PersistentVolume) => {
    const { [boundByController]: ours, ...annotations } = stored.metadata.annotations ?? {};
    const { claimRef, ...spec } = stored.spec;
    const { uid: _uid, ...promise } = claimRef ?? {};
    if (ours === undefined) return { ...stored, spec: { ...spec, claimRef: promise } };
    return { ...stored, metadata: { ...stored.metadata, annotations }, spec };
  });
  return error ?? (yield* setVolumePhase(volume, "Available", view));
}

/** Writes a phase that is new; a message goes with it. */
export function* setVolumePhase(
  volume: PersistentVolume,
  phase: VolumePhase,
  view: View,
  message?: string,
): Task<ApiError | undefined> {
  if (volume.status.phase === phase && volume.status.message === message) return undefined;
  const lastPhaseTransitionTime = view.clock.time(view.nowUs);
  return yield* patch(volume, "status", (stored: PersistentVolume) => {
    const { message: _old, ...status } = stored.status;
    return { ...stored, status: { ...status, phase, lastPhaseTransitionTime, ...(message && { message }) } };
  });
}

/** Writes a phase that is new; a bound claim tells what its volume offers. */
export function* setClaimPhase(
  claim: PersistentVolumeClaim,
  phase: ClaimPhase,
  volume?: PersistentVolume,
): Task<ApiError | undefined> {
  if (claim.status.phase === phase) return undefined;
  const { accessModes, capacity } = volume?.spec ?? {};
  return yield* patch(claim, "status", (stored: PersistentVolumeClaim) => ({
    ...stored,
    status: { ...stored.status, phase, ...(accessModes && { accessModes }), ...(capacity && { capacity }) },
  }));
}

/** An error that is worth another try; what is gone is not. */
export function* patch<T extends PersistentVolume | PersistentVolumeClaim>(
  { kind, metadata }: T,
  part: "main" | "status",
  change: (stored: T) => object,
): Task<ApiError | undefined> {
  const request = { kind, key: keyOf({ metadata }), uid: metadata.uid, part, change: change as never };
  const reply = yield* callApi(client, { verb: "patch", ...request });
  return reply.ok || reply.error.code === 404 ? undefined : reply.error;
}
