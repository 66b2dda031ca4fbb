/** apimachinery's `field.ErrorType`, as it appears in a Status' causes. */
export type FieldErrorType =
  | "FieldValueNotFound"
  | "FieldValueRequired"
  | "FieldValueDuplicate"
  | "FieldValueInvalid"
  | "FieldValueNotSupported"
  | "FieldValueForbidden"
  | "FieldValueTooLong"
  | "FieldValueTooMany"
  | "FieldValueTypeInvalid"
  | "InternalError";

/** One complaint about one field. `body` is the text without the field's path, `text` with it. */
export interface FieldError {
  readonly type: FieldErrorType;
  readonly field: string;
  readonly detail: string;
  readonly body: string;
  readonly text: string;
}

function fieldError(type: FieldErrorType, field: string, detail: string, body: string): FieldError {
  return { type, field, detail, body, text: `${field}: ${body}` };
}

const withDetail = (text: string, detail: string): string => (detail === "" ? text : `${text}: ${detail}`);

export function invalid(field: string, value: unknown, detail: string): FieldError {
  return fieldError("FieldValueInvalid", field, detail, withDetail(`Invalid value: ${shownValue(value)}`, detail));
}

export function required(field: string, detail = ""): FieldError {
  return fieldError("FieldValueRequired", field, detail, withDetail("Required value", detail));
}

export function forbidden(field: string, detail: string): FieldError {
  return fieldError("FieldValueForbidden", field, detail, withDetail("Forbidden", detail));
}

export function duplicate(field: string, value: unknown): FieldError {
  return fieldError("FieldValueDuplicate", field, "", `Duplicate value: ${shownValue(value)}`);
}

export function notFound(field: string, value: unknown): FieldError {
  return fieldError("FieldValueNotFound", field, "", `Not found: ${shownValue(value)}`);
}

export function notSupported(field: string, value: unknown, supported: readonly string[]): FieldError {
  const detail = supported.length === 0 ? "" : `supported values: ${supported.map(goQuote).join(", ")}`;
  return fieldError(
    "FieldValueNotSupported",
    field,
    detail,
    withDetail(`Unsupported value: ${shownValue(value)}`, detail),
  );
}

export function tooLong(field: string, maxBytes: number): FieldError {
  const detail = maxBytes >= 0 ? `may not be more than ${maxBytes} bytes` : "value is too long";
  return fieldError("FieldValueTooLong", field, detail, `Too long: ${detail}`);
}

export function tooMany(field: string, count: number, max: number): FieldError {
  const detail = `must have at most ${max} ${max === 1 ? "item" : "items"}`;
  return fieldError("FieldValueTooMany", field, detail, `Too many: ${count}: ${detail}`);
}

/** Go's `%q`. */
export function goQuote(text: string): string {
  let out = '"';
  for (const character of text) {
    const code = character.codePointAt(0)!;
    if (character === '"' || character === "\\") out += `\\${character}`;
    else if (escapes.has(character)) out += escapes.get(character)!;
    else if (code < 0x20 || code === 0x7f) out += `\\x${code.toString(16).padStart(2, "0")}`;
    else if ((code >= 0x80 && code < 0xa0) || code === 0xad) out += `\\u${code.toString(16).padStart(4, "0")}`;
    else out += character;
  }
  return `${out}"`;
}

const escapes: ReadonlyMap<string, string> = new Map([
  ["\x07", "\\a"],
  ["\b", "\\b"],
  ["\f", "\\f"],
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\t", "\\t"],
  ["\v", "\\v"],
]);

/** Strings are quoted, numbers and booleans plain, the rest compact JSON. */
function shownValue(value: unknown): string {
  if (typeof value === "string") return goQuote(value);
  if (value === undefined) return "null";
  return JSON.stringify(value);
}

/** Several complaints as one text, equal ones once: `a`, or `[a, b]`. */
export function aggregateText(texts: readonly string[]): string {
  const distinct = [...new Set(texts)];
  return distinct.length === 1 ? distinct[0]! : `[${distinct.join(", ")}]`;
}

/** The path of a child field; the root is "". */
export function childPath(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}
