import type {
  ControllerRevision,
  PriorityClass,
  ResourceQuota,
  StorageClass,
  VolumeAttachment,
} from "../generated/api-types.ts";
import { resourceName } from "../kinds.ts";
import { sortedEntries } from "../metadata-validation.ts";
import { controllerOf } from "../object-meta.ts";
import { ageOf, type Cells } from "./cells.ts";

/** Used and hard of each resource; those of limits have a column of their own. */
export function printResourceQuota({ metadata, status }: ResourceQuota, now: number): Cells {
  const texts = (limits: boolean): string =>
    sortedEntries(status?.hard)
      .filter(([resource]) => resource.startsWith("limits") === limits)
      .map(([resource, hard]) => `${resource}: ${status?.used?.[resource] ?? "0"}/${hard}`)
      .join(", ");
  const age = ageOf(metadata.creationTimestamp, now);
  return { Name: metadata.name, Request: texts(false), Limit: texts(true), Age: age };
}

export function printPriorityClass(
  { metadata, value, globalDefault, preemptionPolicy }: PriorityClass,
  now: number,
): Cells {
  return {
    Name: metadata.name,
    Value: value ?? 0,
    "Global-Default": `${globalDefault === true}`,
    Age: ageOf(metadata.creationTimestamp, now),
    PreemptionPolicy: preemptionPolicy ?? "",
  };
}

export function printStorageClass(storageClass: StorageClass, now: number): Cells {
  const { metadata, provisioner, reclaimPolicy, volumeBindingMode, allowVolumeExpansion } = storageClass;
  const isDefault = metadata.annotations?.["storageclass.kubernetes.io/is-default-class"] === "true";
  return {
    Name: isDefault ? `${metadata.name} (default)` : metadata.name,
    Provisioner: provisioner,
    ReclaimPolicy: reclaimPolicy ?? "Delete",
    VolumeBindingMode: volumeBindingMode ?? "<unset>",
    AllowVolumeExpansion: `${allowVolumeExpansion === true}`,
    Age: ageOf(metadata.creationTimestamp, now),
  };
}

export function printVolumeAttachment({ metadata, spec, status }: VolumeAttachment, now: number): Cells {
  return {
    Name: metadata.name,
    Attacher: spec.attacher,
    PV: spec.source.persistentVolumeName ?? "",
    Node: spec.nodeName,
    Attached: `${status?.attached === true}`,
    Age: ageOf(metadata.creationTimestamp, now),
  };
}

export function printControllerRevision({ metadata, revision }: ControllerRevision, now: number): Cells {
  const owner = controllerOf({ metadata });
  return {
    Name: metadata.name,
    Controller: owner === undefined ? "<none>" : `${resourceText(owner.kind, owner.apiVersion)}/${owner.name}`,
    Revision: revision,
    Age: ageOf(metadata.creationTimestamp, now),
  };
}

/** `statefulset.apps` */
function resourceText(kind: string, apiVersion: string): string {
  const group = resourceName(kind as never, apiVersion)
    .split(".")
    .slice(1);
  return [kind.toLowerCase(), ...group].join(".");
}
