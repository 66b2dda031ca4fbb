import { compareText } from "./compare-text.ts";
import { type FieldError, invalid, tooLong } from "./field-error.ts";
import { byteLength, labelValue, qualifiedName } from "./names.ts";

type Strings = Readonly<Record<string, string>>;

/** Entries in the order of their keys; upstream walks a map in no order at all. */
export function sortedEntries<Value>(record: Readonly<Record<string, Value>> | undefined): [string, Value][] {
  return Object.entries(record ?? {}).sort(([left], [right]) => compareText(left, right));
}

export function validateLabelName(name: string, field: string): FieldError[] {
  return qualifiedName(name).map((message) => invalid(field, name, message));
}

export function validateLabels(labels: Strings | undefined, field: string): FieldError[] {
  return sortedEntries(labels).flatMap(([key, value]) => [
    ...validateLabelName(key, field),
    ...labelValue(value).map((message) => invalid(field, value, message)),
  ]);
}

/** Keys in any case, and at most 256 KiB of keys and values together. */
export function validateAnnotations(annotations: Strings | undefined, field: string): FieldError[] {
  const entries = sortedEntries(annotations);
  const errors = entries.flatMap(([key]) =>
    qualifiedName(key.toLowerCase()).map((message) => invalid(field, key, message)),
  );
  let bytes = 0;
  for (const [key, value] of entries) bytes += byteLength(key) + byteLength(value);
  if (bytes > maxAnnotationBytes) errors.push(tooLong(field, maxAnnotationBytes));
  return errors;
}

const maxAnnotationBytes = 256 * 1024;

export function validateFinalizerName(name: string, field: string): FieldError[] {
  return qualifiedName(name).map((message) => invalid(field, name, message));
}
