import { type FieldError, forbidden, invalid, notFound, required } from "../field-error.ts";
import type { Container, Volume, VolumeMount } from "../generated/api-types.ts";
import { oneOf } from "./checks.ts";
import { localDescendingPath, noBacksteps } from "./paths.ts";

/** The volumes of a pod that are in order, by name: mounts of others are not found. */
export type ValidVolumes = ReadonlyMap<string, Volume>;

/** `volumeMounts` and `volumeDevices` of a container. Upstream: `ValidateVolumeMounts`, `ValidateVolumeDevices`. */
export function validateMounts(container: Container, volumes: ValidVolumes, at: string): FieldError[] {
  const { volumeMounts = [], volumeDevices = [] } = container;
  const devices = new Map(volumeDevices.map(({ name, devicePath }) => [name, devicePath]));
  const paths = new Set<string>();
  const list = `${at}.volumeMounts`;
  const errors = volumeMounts.flatMap((mount, index) => {
    const field = `${list}[${index}]`;
    const { name = "", mountPath = "", subPath = "", subPathExpr = "" } = mount;
    const found: FieldError[] = [];
    if (name === "") found.push(required(`${field}.name`));
    const volume = volumes.get(name);
    if (volume === undefined) found.push(notFound(`${field}.name`, name));
    if (mountPath === "") found.push(required(`${field}.mountPath`));
    if (paths.has(mountPath)) found.push(invalid(`${field}.mountPath`, mountPath, "must be unique"));
    paths.add(mountPath);
    if (devices.has(name)) found.push(invalid(`${field}.name`, name, "must not already exist in volumeDevices"));
    if ([...devices.values()].includes(mountPath)) {
      found.push(invalid(`${field}.mountPath`, mountPath, "must not already exist as a path in volumeDevices"));
    }
    // Upstream names the list, not the mount, in complaints about sub-paths and propagation.
    if (subPath !== "") found.push(...localDescendingPath(subPath, `${list}.subPath`));
    if (subPathExpr !== "") {
      if (subPath !== "") {
        found.push(invalid(`${field}.subPathExpr`, subPathExpr, "subPathExpr and subPath are mutually exclusive"));
      }
      found.push(...localDescendingPath(subPathExpr, `${list}.subPathExpr`));
    }
    return [...found, ...validatePropagation(mount, container, list), ...validateRecursiveReadOnly(mount, list)];
  });
  return [...errors, ...validateDevices(container, volumes, `${at}.volumeDevices`)];
}

function validatePropagation({ mountPropagation }: VolumeMount, container: Container, list: string): FieldError[] {
  if (mountPropagation === undefined) return [];
  const field = `${list}.mountPropagation`;
  const errors = oneOf(mountPropagation, ["Bidirectional", "HostToContainer", "None"], field);
  if (mountPropagation === "Bidirectional" && container.securityContext?.privileged !== true) {
    errors.push(forbidden(field, "Bidirectional mount propagation is available only to privileged containers"));
  }
  return errors;
}

function validateRecursiveReadOnly(mount: VolumeMount, list: string): FieldError[] {
  const { recursiveReadOnly, readOnly, mountPropagation = "None" } = mount;
  const field = `${list}.recursiveReadOnly`;
  if (recursiveReadOnly !== "Enabled" && recursiveReadOnly !== "IfPossible") {
    return oneOf(recursiveReadOnly, ["Disabled", "Enabled", "IfPossible"], field);
  }
  const errors = readOnly === true ? [] : [forbidden(field, "may only be specified when readOnly is true")];
  if (mountPropagation !== "None") {
    errors.push(forbidden(field, "may only be specified when mountPropagation is None or not specified"));
  }
  return errors;
}

function validateDevices(container: Container, volumes: ValidVolumes, list: string): FieldError[] {
  const { volumeMounts = [], volumeDevices = [] } = container;
  const mounts = new Map(volumeMounts.map(({ name, mountPath }) => [name, mountPath]));
  const [names, paths] = [new Set<string>(), new Set<string>()];
  return volumeDevices.flatMap(({ name = "", devicePath = "" }, index) => {
    const field = `${list}[${index}]`;
    const errors: FieldError[] = [];
    const volume = volumes.get(name);
    if (name === "") errors.push(required(`${field}.name`));
    if (names.has(name)) errors.push(invalid(`${field}.name`, name, "must be unique"));
    if (volume === undefined) errors.push(notFound(`${field}.name`, name));
    else if (volume.persistentVolumeClaim === undefined && volume.ephemeral === undefined) {
      const detail = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode";
      errors.push(invalid(`${field}.name`, name, detail));
    }
    if (devicePath === "") errors.push(required(`${field}.devicePath`));
    if (paths.has(devicePath)) errors.push(invalid(`${field}.devicePath`, devicePath, "must be unique"));
    if (noBacksteps(devicePath, "").length > 0) {
      errors.push(invalid(`${field}.devicePath`, devicePath, "can not contain backsteps ('..')"));
    } else paths.add(devicePath);
    if (mounts.has(name)) errors.push(invalid(`${field}.name`, name, "must not already exist in volumeMounts"));
    if ([...mounts.values()].includes(devicePath)) {
      errors.push(invalid(`${field}.devicePath`, devicePath, "must not already exist as a path in volumeMounts"));
    }
    if (name !== "") names.add(name);
    return errors;
  });
}
