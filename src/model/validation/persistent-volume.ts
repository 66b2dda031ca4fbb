import { type FieldError, forbidden, invalid, notSupported, required } from "../field-error.ts";
import type { PersistentVolume, PersistentVolumeSpec } from "../generated/api-types.ts";
import { sortedEntries } from "../metadata-validation.ts";
import { dns1123Subdomain } from "../names.ts";
import { compareQuantities } from "../quantity.ts";
import { sameContent } from "../same-content.ts";
import { validateNodeSelector } from "./affinity.ts";
import { named, oneOf, unchanged } from "./checks.ts";
import { noBacksteps } from "./paths.ts";
import { validateAccessModes } from "./persistent-volume-claim.ts";
import { validateCsiPersistentVolume, validateHostPath, validateNfs } from "./volumes.ts";

type VolumeCheck = (source: never, at: string) => FieldError[];

const anything: VolumeCheck = () => [];

/** Sources in the order in which upstream looks for them. */
const volumeSources: readonly (readonly [key: keyof PersistentVolumeSpec, check: VolumeCheck])[] = [
  ["hostPath", validateHostPath as VolumeCheck],
  ["gcePersistentDisk", anything],
  ["awsElasticBlockStore", anything],
  ["glusterfs", anything],
  ["flocker", anything],
  ["nfs", validateNfs as VolumeCheck],
  ["rbd", anything],
  ["quobyte", anything],
  ["cephfs", anything],
  ["iscsi", anything],
  ["cinder", anything],
  ["fc", anything],
  ["flexVolume", anything],
  ["azureFile", anything],
  ["vsphereVolume", anything],
  ["photonPersistentDisk", anything],
  ["portworxVolume", anything],
  ["azureDisk", anything],
  ["scaleIO", anything],
  ["local", validateLocal as VolumeCheck],
  ["storageos", anything],
  ["csi", validateCsiPersistentVolume as VolumeCheck],
];

function validateLocal({ path = "" }: NonNullable<PersistentVolumeSpec["local"]>, at: string): FieldError[] {
  return path === "" ? [required(`${at}.path`)] : noBacksteps(path, `${at}.path`);
}

/** Upstream: `ValidatePersistentVolumeSpec`. */
export function validatePersistentVolume({ spec }: PersistentVolume): FieldError[] {
  const { accessModes: modes = [], capacity = {}, nodeAffinity } = spec;
  const errors = modes.length === 0 ? [required("spec.accessModes")] : [];
  errors.push(...validateAccessModes(modes, "spec.accessModes"));
  const resources = Object.keys(capacity);
  if (resources.length === 0) errors.push(required("spec.capacity"));
  if (capacity["storage"] === undefined || resources.length > 1) {
    errors.push(notSupported("spec.capacity", resources.length === 0 ? null : capacity, ["storage"]));
  }
  for (const [name, quantity] of sortedEntries(capacity)) {
    const at = `spec.capacity[${name}]`;
    if (compareQuantities(quantity, "0") <= 0) errors.push(invalid(at, quantity, "must be greater than zero"));
  }
  const policies = ["Delete", "Recycle", "Retain"];
  errors.push(...oneOf(spec.persistentVolumeReclaimPolicy, policies, "spec.persistentVolumeReclaimPolicy"));
  if (nodeAffinity !== undefined && nodeAffinity.required === undefined) {
    errors.push(required("spec.nodeAffinity.required", "must specify required node constraints"));
  } else if (nodeAffinity?.required !== undefined) {
    errors.push(...validateNodeSelector(nodeAffinity.required, "spec.nodeAffinity.required"));
  }
  errors.push(...validateVolumeSource(spec));
  const root = spec.hostPath !== undefined && /^\/+(\.?\/*)*$/.test(spec.hostPath.path);
  if (root && spec.persistentVolumeReclaimPolicy === "Recycle") {
    errors.push(forbidden("spec.persistentVolumeReclaimPolicy", "may not be 'recycle' for a hostPath mount of '/'"));
  }
  errors.push(...named(dns1123Subdomain, spec.storageClassName, "spec.storageClassName"));
  errors.push(...oneOf(spec.volumeMode, ["Block", "Filesystem"], "spec.volumeMode"));
  const attributes = spec.volumeAttributesClassName;
  if (attributes === undefined) return errors;
  const at = "spec.volumeAttributesClassName";
  if (attributes === "") errors.push(required(at, "an empty string is disallowed"));
  else errors.push(...named(dns1123Subdomain, attributes, at));
  if (spec.csi === undefined)
    errors.push(required("spec.csi", "has to be specified when using volumeAttributesClassName"));
  return errors;
}

function validateVolumeSource(spec: PersistentVolumeSpec): FieldError[] {
  const errors: FieldError[] = [];
  let found = 0;
  for (const [key, check] of volumeSources) {
    const source = spec[key];
    if (source === undefined) continue;
    if (found++ > 0) {
      errors.push(forbidden(`spec.${key}`, "may not specify more than 1 volume type"));
      continue;
    }
    errors.push(...check(source as never, `spec.${key}`));
    if (key === "local" && spec.nodeAffinity === undefined) {
      errors.push(required("spec.nodeAffinity", "Local volume requires node affinity"));
    }
  }
  return found === 0 ? [required("spec", "must specify a volume type")] : errors;
}

/** A volume's source and mode stay. Upstream: `ValidatePersistentVolumeUpdate`. */
export function validatePersistentVolumeUpdate(
  { spec: after }: PersistentVolume,
  { spec: before }: PersistentVolume,
): FieldError[] {
  const errors: FieldError[] = [];
  const source = (spec: PersistentVolumeSpec): unknown => volumeSources.map(([key]) => spec[key] ?? null);
  if (!sameContent(source(after), source(before))) {
    errors.push(forbidden("spec.persistentvolumesource", "spec.persistentvolumesource is immutable after creation"));
  }
  errors.push(...unchanged(after.volumeMode, before.volumeMode, "volumeMode"));
  if (before.nodeAffinity === undefined) return errors;
  return [...errors, ...unchanged(after.nodeAffinity, before.nodeAffinity, "nodeAffinity")];
}
