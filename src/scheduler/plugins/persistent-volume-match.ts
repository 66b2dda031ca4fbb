import {
  CompiledNodeSelector,
  compileLabelSelector,
  type Node,
  type PersistentVolume,
  type PersistentVolumeClaim,
  storageClassOf,
  value,
} from "../../model/index.ts";

/** Whether pods on this node can use the volume; a volume without node affinity is reachable from everywhere. */
export function reachableFrom(volume: PersistentVolume, node: Node): boolean {
  const required = volume.spec.nodeAffinity?.required;
  return required === undefined || new CompiledNodeSelector(required).matches(node);
}

export function requestedBytes(claim: PersistentVolumeClaim): number {
  const storage = claim.spec.resources?.requests?.["storage"];
  return storage === undefined ? 0 : value(storage);
}

function capacityBytes(volume: PersistentVolume): number {
  const storage = volume.spec.capacity?.["storage"];
  return storage === undefined ? 0 : value(storage);
}

/** Whether the volume's claimRef names this very claim. */
function isReservedFor(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const reference = volume.spec.claimRef;
  if (reference === undefined) return false;
  if (reference.name !== claim.metadata.name || reference.namespace !== claim.metadata.namespace) return false;
  return reference.uid === undefined || reference.uid === "" || reference.uid === claim.metadata.uid;
}

/** The volume reserved for the claim if the node reaches it, else the smallest available one that fits. */
export function findMatchingVolume(
  claim: PersistentVolumeClaim,
  volumes: readonly PersistentVolume[],
  node: Node,
  taken: ReadonlySet<string>,
): PersistentVolume | undefined {
  const requested = requestedBytes(claim);
  const className = storageClassOf(claim);
  const selector = claim.spec.selector === undefined ? undefined : compileLabelSelector(claim.spec.selector);
  let smallest: PersistentVolume | undefined;
  for (const volume of volumes) {
    if (taken.has(volume.metadata.name)) continue;
    const reserved = isReservedFor(volume, claim);
    if (volume.spec.claimRef !== undefined && !reserved) continue;
    if (capacityBytes(volume) < requested || !sameKind(claim, volume)) continue;
    if (volume.metadata.deletionTimestamp !== undefined) continue;
    if (reserved) return reachableFrom(volume, node) ? volume : undefined;
    if (volume.status?.phase !== "Available" || storageClassOf(volume) !== className) continue;
    if (selector !== undefined && !selector.matches(volume.metadata.labels)) continue;
    if (!reachableFrom(volume, node) || !offersAccess(claim, volume)) continue;
    if (smallest === undefined || capacityBytes(smallest) > capacityBytes(volume)) smallest = volume;
  }
  return smallest;
}

/** Same volume mode (a file system unless it says a block device) and same attributes class. */
function sameKind({ spec: claim }: PersistentVolumeClaim, { spec: volume }: PersistentVolume): boolean {
  if ((claim.volumeMode ?? "Filesystem") !== (volume.volumeMode ?? "Filesystem")) return false;
  return (claim.volumeAttributesClassName ?? "") === (volume.volumeAttributesClassName ?? "");
}

function offersAccess(claim: PersistentVolumeClaim, volume: PersistentVolume): boolean {
  return (claim.spec.accessModes ?? []).every((mode) => volume.spec.accessModes?.includes(mode) ?? false);
}
