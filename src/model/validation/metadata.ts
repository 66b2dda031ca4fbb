import { type FieldError, forbidden, invalid, required } from "../field-error.ts";
import { validateAnnotations, validateLabels } from "../metadata-validation.ts";
import { dns1123Label, dns1123Subdomain, maskTrailingDash, pathSegment, qualifiedName } from "../names.ts";
import type { OwnerReference, TemplateMeta } from "../object-meta.ts";
import { notNegative } from "./checks.ts";

export type NameRule = (name: string) => readonly string[];

const nameRules: ReadonlyMap<string, NameRule> = new Map([
  ["Namespace", dns1123Label],
  ["Service", dns1123Label],
  ["StatefulSet", dns1123Label],
  ["Role", pathSegment],
  ["RoleBinding", pathSegment],
  ["ClusterRole", pathSegment],
  ["ClusterRoleBinding", pathSegment],
]);

export function nameRuleOf(kind: string): NameRule {
  return nameRules.get(kind) ?? dns1123Subdomain;
}

/** apimachinery's `ValidateObjectMeta`. */
export function validateObjectMeta(meta: TemplateMeta, nameRule: NameRule, namespaced: boolean): FieldError[] {
  const errors: FieldError[] = [];
  const { generateName = "", name = "", namespace = "" } = meta;
  if (generateName !== "") {
    for (const message of nameRule(maskTrailingDash(generateName))) {
      errors.push(invalid("metadata.generateName", generateName, message));
    }
  }
  if (name === "") errors.push(required("metadata.name", "name or generateName is required"));
  else for (const message of nameRule(name)) errors.push(invalid("metadata.name", name, message));
  if (namespaced) {
    if (namespace === "") errors.push(required("metadata.namespace"));
    else for (const message of dns1123Label(namespace)) errors.push(invalid("metadata.namespace", namespace, message));
  } else if (namespace !== "") {
    errors.push(forbidden("metadata.namespace", "not allowed on this type"));
  }
  return [
    ...errors,
    ...notNegative(meta.generation, "metadata.generation"),
    ...validateLabels(meta.labels, "metadata.labels"),
    ...validateAnnotations(meta.annotations, "metadata.annotations"),
    ...validateOwnerReferences(meta.ownerReferences ?? []),
    ...validateFinalizers(meta.finalizers ?? []),
  ];
}

function validateOwnerReferences(references: readonly OwnerReference[]): FieldError[] {
  const field = "metadata.ownerReferences";
  const errors: FieldError[] = [];
  let controller: OwnerReference | undefined;
  for (const reference of references) {
    for (const key of ["apiVersion", "kind", "name", "uid"] as const) {
      const value: string | undefined = reference[key];
      const shown = key === "apiVersion" ? "version must not be empty" : "must not be empty";
      if (value === undefined || value === "") errors.push(invalid(`${field}.${key}`, value ?? "", shown));
    }
    if (reference.controller !== true) continue;
    if (controller !== undefined) {
      const [first, second] = [controller, reference].map(({ kind, name }) => `${kind}/${name}`);
      const found = `Only one reference can have Controller set to true. Found "true" in references for ${first} and ${second}`;
      errors.push(invalid(field, references.map(inGoOrder), found));
    }
    controller = reference;
  }
  return errors;
}

/** Keys in the order of the Go struct, since the text shows the object. */
function inGoOrder({ apiVersion, kind, name, uid, controller, blockOwnerDeletion }: OwnerReference): object {
  return { apiVersion, kind, name, uid, controller, blockOwnerDeletion };
}

const standardFinalizers = ["kubernetes", "orphan", "foregroundDeletion"];

function validateFinalizers(finalizers: readonly string[]): FieldError[] {
  return finalizers.flatMap((finalizer, index) => {
    const field = `metadata.finalizers[${index}]`;
    const errors = qualifiedName(finalizer).map((message) => invalid(field, finalizer, message));
    if (errors.length > 0 || finalizer.includes("/") || standardFinalizers.includes(finalizer)) return errors;
    return [invalid(field, finalizer, "name is neither a standard finalizer name nor is it fully qualified")];
  });
}

/** What may not change about an object's metadata, beside the rules for new objects. */
export function validateObjectMetaUpdate(after: TemplateMeta, before: TemplateMeta): FieldError[] {
  const errors: FieldError[] = [];
  const { resourceVersion = "" } = after;
  if (resourceVersion === "") {
    errors.push(invalid("metadata.resourceVersion", resourceVersion, "must be specified for an update"));
  }
  for (const key of ["name", "namespace", "uid"] as const) {
    const [was, is] = [before[key] ?? "", after[key] ?? ""];
    if (was !== is) errors.push(invalid(`metadata.${key}`, is, "field is immutable"));
  }
  if (before.deletionTimestamp !== undefined) {
    const added = (after.finalizers ?? []).filter((name) => !(before.finalizers ?? []).includes(name));
    if (added.length > 0) {
      const detail = `no new finalizers can be added if the object is being deleted, found new finalizers []string{${added
        .map((name) => JSON.stringify(name))
        .join(", ")}}`;
      errors.push(forbidden("metadata.finalizers", detail));
    }
  }
  return errors;
}
