import { type FieldError, invalid } from "../field-error.ts";

/** A path that never steps back. */
export function noBacksteps(path: string, field: string): FieldError[] {
  return path.split("/").includes("..") ? [invalid(field, path, "must not contain '..'")] : [];
}

/** A path inside something: relative, and never back out. */
export function localDescendingPath(path: string, field: string): FieldError[] {
  const errors = path.startsWith("/") ? [invalid(field, path, "must be a relative path")] : [];
  return [...errors, ...noBacksteps(path, field)];
}

/** The same, where names that begin with two dots are the kubelet's own. */
export function localNonReservedPath(path: string, field: string): FieldError[] {
  const errors = localDescendingPath(path, field);
  if (path.startsWith("..") && !path.startsWith("../")) errors.push(invalid(field, path, "must not start with '..'"));
  return errors;
}
