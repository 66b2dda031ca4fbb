import { structOf } from "./api-schema.ts";
import { DecodeError, decodeObject, type JsonObject } from "./decode.ts";
import { structOfKind } from "./generated/api-fields.ts";
import { isJsonObject } from "./json-merge.ts";
import { parseJsonWithDuplicates } from "./strict-json.ts";

export interface StrictlyDecoded {
  readonly object: JsonObject;
  /** `strict decoding error: …` when fields are unknown or stand twice; `fieldValidation=Strict` refuses such an object. */
  readonly strictError?: string;
}

/** A request's body as the server decodes it. Throws `DecodeError` with Go's text. */
export function decodeStrictly(json: string): StrictlyDecoded {
  const { value, duplicates } = parseJsonWithDuplicates(json);
  return decodeValueStrictly(value, duplicates, json);
}

/** The same for a value that comes from YAML; `text` is shown in complaints. */
export function decodeValueStrictly(value: unknown, duplicates: readonly string[], text: string): StrictlyDecoded {
  if (value !== null && !isJsonObject(value)) {
    const kind = Array.isArray(value) ? "array" : typeof value;
    throw new DecodeError(
      `couldn't get version/kind; json parse error: json: cannot unmarshal ${kind} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`,
    );
  }
  const { apiVersion = "", kind = "" } = (value ?? {}) as { readonly apiVersion?: string; readonly kind?: string };
  if (kind === "") throw new DecodeError(`Object 'Kind' is missing in '${text}'`);
  if (apiVersion === "") throw new DecodeError(`Object 'apiVersion' is missing in '${text}'`);
  if (structOf(apiVersion, kind) === undefined && isBuiltIn(apiVersion)) {
    const scheme = "pkg/runtime/scheme.go:111";
    throw new DecodeError(`no kind "${kind}" is registered for version "${apiVersion}" in scheme "${scheme}"`);
  }
  const { object, unknownFields } = decodeObject(value as JsonObject);
  const complaints = [
    ...unknownFields.map((field) => `unknown field "${field}"`),
    ...duplicates.map((field) => `duplicate field "${field}"`),
  ];
  if (complaints.length === 0) return { object };
  return { object, strictError: `strict decoding error: ${complaints.join(", ")}` };
}

/** Groups of Kubernetes itself have no kinds but the known ones; anything may come in a custom resource's group. */
function isBuiltIn(apiVersion: string): boolean {
  const group = apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";
  return builtInGroups.has(group);
}

const builtInGroups: ReadonlySet<string> = new Set(
  [...structOfKind.keys()].map((key) => {
    const apiVersion = key.slice(0, key.indexOf(" "));
    return apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";
  }),
);
