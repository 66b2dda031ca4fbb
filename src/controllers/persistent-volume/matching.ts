import {
  compareQuantities,
  matchesLabelSelector,
  type PersistentVolume,
  type PersistentVolumeClaim,
  storageClassOf,
} from "../../model/index.ts";

/** The volume is promised to the claim, by its uid or only by its name. */
export function isPromisedTo({ spec }: PersistentVolume, { metadata }: PersistentVolumeClaim): boolean {
  const { claimRef } = spec;
  if (claimRef === undefined || claimRef.name !== metadata.name || claimRef.namespace !== metadata.namespace)
    return false;
  return (claimRef.uid ?? "") === "" || claimRef.uid === metadata.uid;
}

/**
 * The volume that the claim is to have: the one promised to it, else the smallest that is free and fits, unless the scheduler is to
 * choose (`delayed`; `FindMatchingVolume`, v1.36).
 */
export function matchingVolume(
  claim: PersistentVolumeClaim,
  volumes: Iterable<PersistentVolume>,
  delayed: boolean,
): PersistentVolume | undefined {
  let best: PersistentVolume | undefined;
  for (const volume of volumes) {
    if (!couldServe(volume, claim)) continue;
    if (isPromisedTo(volume, claim)) return volume;
    if (delayed || volume.spec.claimRef !== undefined || !isFreeFor(volume, claim)) continue;
    if (best === undefined || compareQuantities(capacityOf(volume), capacityOf(best)) < 0) best = volume;
  }
  return best;
}

function couldServe(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  return volume.metadata.deletionTimestamp === undefined && !isTooSmall(volume, claim) && offersModes(volume, claim);
}

function isFreeFor(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const { selector } = claim.spec;
  if (volume.status.phase !== "Available" || storageClassOf(volume) !== storageClassOf(claim)) return false;
  return selector === undefined || matchesLabelSelector(selector, volume.metadata.labels ?? {});
}

/** Why the volume that the claim names cannot serve it (`checkVolumeSatisfyClaim`, v1.36). */
export function unsuitable(volume: PersistentVolume, claim: PersistentVolumeClaim): string | undefined {
  if (volume.metadata.deletionTimestamp !== undefined)
    return `the volume is marked for deletion "${volume.metadata.name}"`;
  if (isTooSmall(volume, claim)) return "requested PV is too small";
  if (storageClassOf(volume) !== storageClassOf(claim)) return "storageClassName does not match";
  if (!isOfMode(volume, claim)) return "incompatible volumeMode";
  return allowsAccess(volume, claim) ? undefined : "incompatible accessMode";
}

function offersModes(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  return isOfMode(volume, claim) && allowsAccess(volume, claim);
}

export function isOfMode(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  return (volume.spec.volumeMode ?? "Filesystem") === (claim.spec.volumeMode ?? "Filesystem");
}

function allowsAccess({ spec: { accessModes = [] } }: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  return (claim.spec.accessModes ?? []).every((mode) => accessModes.includes(mode));
}

function isTooSmall(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  return compareQuantities(capacityOf(volume), claim.spec.resources?.requests?.["storage"] ?? "0") < 0;
}

function capacityOf({ spec }: PersistentVolume): string {
  return spec.capacity?.["storage"] ?? "0";
}
