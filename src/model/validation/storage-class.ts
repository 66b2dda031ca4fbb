import { type FieldError, forbidden, invalid } from "../field-error.ts";
import type { StorageClass } from "../generated/api-types.ts";
import { qualifiedName } from "../names.ts";
import { sameContent } from "../same-content.ts";
import { given, oneOf, unchanged } from "./checks.ts";

/** Upstream: pkg/apis/storage/validation. */
export function validateStorageClass(storageClass: StorageClass): FieldError[] {
  const { provisioner = "", parameters, reclaimPolicy, volumeBindingMode } = storageClass;
  const errors = given(provisioner, "provisioner");
  if (provisioner !== "") {
    errors.push(
      ...qualifiedName(provisioner.toLowerCase()).map((message) => invalid("provisioner", provisioner, message)),
    );
  }
  if (parameters?.[""] !== undefined) errors.push(invalid("parameters", "", "field can not be empty."));
  errors.push(...oneOf(reclaimPolicy, ["Delete", "Retain"], "reclaimPolicy"));
  return [...errors, ...oneOf(volumeBindingMode, ["Immediate", "WaitForFirstConsumer"], "volumeBindingMode")];
}

export function validateStorageClassUpdate(after: StorageClass, before: StorageClass): FieldError[] {
  const errors: FieldError[] = [];
  if (!sameContent(after.parameters, before.parameters)) {
    errors.push(forbidden("parameters", "updates to parameters are forbidden."));
  }
  errors.push(...unchanged(after.provisioner, before.provisioner, "provisioner"));
  if (after.reclaimPolicy !== before.reclaimPolicy) {
    errors.push(forbidden("reclaimPolicy", "updates to reclaimPolicy are forbidden."));
  }
  return [...errors, ...unchanged(after.volumeBindingMode, before.volumeBindingMode, "volumeBindingMode")];
}
