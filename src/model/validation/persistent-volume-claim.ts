import { type FieldError, forbidden, invalid, required } from "../field-error.ts";
import type {
  PersistentVolumeClaim,
  PersistentVolumeClaimSpec,
  TypedLocalObjectReference,
  TypedObjectReference,
} from "../generated/api-types.ts";
import { dns1123Label, dns1123Subdomain } from "../names.ts";
import { compareQuantities } from "../quantity.ts";
import { sameContent } from "../same-content.ts";
import { validateLabelSelector } from "../selectors.ts";
import { given, named, oneOf, unchanged } from "./checks.ts";

const accessModes = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

/** Of claims and of volumes. */
export function validateAccessModes(modes: readonly string[], field: string): FieldError[] {
  const errors = modes.flatMap((mode) => oneOf(mode, accessModes, field));
  const others = modes.some((mode) => mode !== "ReadWriteOncePod" && accessModes.includes(mode));
  const exclusive = modes.includes("ReadWriteOncePod") && others;
  return exclusive ? [...errors, forbidden(field, "may not use ReadWriteOncePod with other access modes")] : errors;
}

export function validatePersistentVolumeClaim({ spec }: PersistentVolumeClaim): FieldError[] {
  return validateClaimSpec(spec, "spec");
}

/** Also of templates of claims. Upstream: `ValidatePersistentVolumeClaimSpec`. */
export function validateClaimSpec(spec: PersistentVolumeClaimSpec, field: string): FieldError[] {
  const { accessModes: modes = [], dataSource, dataSourceRef } = spec;
  const errors = modes.length === 0 ? [required(`${field}.accessModes`, "at least 1 access mode is required")] : [];
  errors.push(...validateLabelSelector(spec.selector, `${field}.selector`));
  errors.push(...validateAccessModes(modes, `${field}.accessModes`));
  const storage = spec.resources?.requests?.["storage"];
  const at = `${field}.resources[storage]`;
  if (storage === undefined) errors.push(required(at));
  else if (compareQuantities(storage, "0") <= 0) errors.push(invalid(at, storage, "must be greater than zero"));
  errors.push(...named(dns1123Subdomain, spec.storageClassName, `${field}.storageClassName`));
  errors.push(...oneOf(spec.volumeMode, ["Block", "Filesystem"], `${field}.volumeMode`));
  errors.push(...validateDataSource(dataSource, `${field}.dataSource`));
  errors.push(...validateDataSource(dataSourceRef, `${field}.dataSourceRef`));
  errors.push(...named(dns1123Label, dataSourceRef?.namespace, `${field}.dataSourceRef.namespace`));
  return [...errors, ...named(dns1123Subdomain, spec.volumeAttributesClassName, `${field}.volumeAttributesClassName`)];
}

function validateDataSource(
  source: TypedLocalObjectReference | TypedObjectReference | undefined,
  field: string,
): FieldError[] {
  if (source === undefined) return [];
  const { apiGroup = "", kind = "", name = "" } = source;
  const errors = [...given(name, `${field}.name`), ...given(kind, `${field}.kind`)];
  if (apiGroup === "" && kind !== "PersistentVolumeClaim") {
    errors.push(invalid(field, kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup"));
  }
  return [...errors, ...named(dns1123Subdomain, apiGroup, `${field}.apiGroup`)];
}

/** What may change in a claim: its size once it is bound, its class if it had none, its volume once. */
export function validateClaimUpdate(after: PersistentVolumeClaim, before: PersistentVolumeClaim): FieldError[] {
  const errors: FieldError[] = [];
  const bound = after.status?.phase === "Bound";
  const [next, was] = [after.spec, before.spec];
  const masked = (spec: PersistentVolumeClaimSpec): object => ({
    ...spec,
    volumeName: was.volumeName === undefined ? undefined : spec.volumeName,
    storageClassName: was.storageClassName === undefined ? undefined : spec.storageClassName,
    ...(bound && { volumeAttributesClassName: undefined, resources: withoutStorage(spec) }),
  });
  if (!sameContent(masked(next), masked(was))) {
    const detail =
      "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims";
    errors.push(forbidden("spec", detail));
  }
  const [size, former] = [next, was].map((spec) => spec.resources?.requests?.["storage"] ?? "0");
  const capacity = before.status?.capacity?.["storage"] ?? "0";
  if (compareQuantities(size!, former!) < 0 && compareQuantities(size!, capacity) <= 0) {
    errors.push(forbidden("spec.resources.requests.storage", "field can not be less than status.capacity"));
  }
  errors.push(...unchanged(next.volumeMode, was.volumeMode, "volumeMode"));
  const [attributes, attributed] = [next.volumeAttributesClassName, was.volumeAttributesClassName];
  if (attributed !== undefined && attributes === undefined) {
    errors.push(forbidden("spec.volumeAttributesClassName", "update from non-nil value to nil is forbidden"));
  } else if (attributed !== undefined && attributes === "") {
    errors.push(
      forbidden("spec.volumeAttributesClassName", "update from non-nil value to an empty string is forbidden"),
    );
  }
  return errors;
}

function withoutStorage({ resources = {} }: PersistentVolumeClaimSpec): object {
  const { storage: _storage, ...requests } = resources.requests ?? {};
  return { ...resources, requests };
}
