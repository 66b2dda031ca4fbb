import {
  compareQuantities,
  matchesLabelSelector,
  type PersistentVolume,
  type PersistentVolumeClaim,
} from "../../model/index.ts";

const legacyClass = "volume.beta.kubernetes.io/storage-class";

export function classNameOf({ metadata, spec }: PersistentVolumeClaim | PersistentVolume): string {
  return metadata.annotations?.[legacyClass] ?? spec.storageClassName ?? "";
}

/** The smallest volume that the claim may have: its own by name, else one that is free and fits (v1.36). */
export function matchingVolume(
  claim: PersistentVolumeClaim,
  volumes: Iterable<PersistentVolume>,
): PersistentVolume | undefined {
  let best: PersistentVolume | undefined;
  for (const volume of volumes) {
    if (volume.spec.claimRef?.uid === claim.metadata.uid) return volume;
    if (!fits(volume, claim)) continue;
    if (best === undefined || compareQuantities(capacityOf(volume), capacityOf(best)) < 0) best = volume;
  }
  return best;
}

function fits(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const { claimRef, accessModes = [], volumeMode = "Filesystem" } = volume.spec;
  const { name, namespace } = claim.metadata;
  const reserved = claimRef !== undefined;
  if (reserved && (claimRef.name !== name || claimRef.namespace !== namespace || (claimRef.uid ?? "") !== ""))
    return false;
  if (volume.metadata.deletionTimestamp !== undefined) return false;
  if (!reserved && volume.status.phase !== "Available") return false;
  if (classNameOf(volume) !== classNameOf(claim) || volumeMode !== (claim.spec.volumeMode ?? "Filesystem"))
    return false;
  if (!(claim.spec.accessModes ?? []).every((mode) => accessModes.includes(mode))) return false;
  const { selector } = claim.spec;
  if (selector !== undefined && !matchesLabelSelector(selector, volume.metadata.labels ?? {})) return false;
  return compareQuantities(capacityOf(volume), claim.spec.resources?.requests?.["storage"] ?? "0") >= 0;
}

function capacityOf({ spec }: PersistentVolume): string {
  return spec.capacity?.["storage"] ?? "0";
}
