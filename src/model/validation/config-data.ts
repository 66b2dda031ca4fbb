import { type FieldError, forbidden, invalid, required, tooLong } from "../field-error.ts";
import type { ConfigMap, Secret } from "../generated/api-types.ts";
import { sortedEntries } from "../metadata-validation.ts";
import { byteLength, configMapKey } from "../names.ts";
import { sameContent } from "../same-content.ts";

type Data = Readonly<Record<string, string>> | undefined;

/** What a ConfigMap or a Secret may hold, in bytes. */
const mostBytes = 1_048_576;

function validateKeys(record: Data, field: string): FieldError[] {
  return sortedEntries(record).flatMap(([key]) =>
    configMapKey(key).map((message) => invalid(`${field}[${key}]`, key, message)),
  );
}

/** Of a value in base64. */
const decodedBytes = (text: string): number => Buffer.from(text, "base64").length;

function total(record: Data, size: (text: string) => number): number {
  return Object.values(record ?? {}).reduce((sum, text) => sum + size(text), 0);
}

/** Upstream: pkg/apis/core/validation `ValidateConfigMap`. */
export function validateConfigMap({ data, binaryData }: ConfigMap): FieldError[] {
  const errors = sortedEntries(data).flatMap(([key, value]) => [
    ...validateKeys({ [key]: value }, "data"),
    ...(binaryData?.[key] === undefined
      ? []
      : [invalid(`data[${key}]`, key, "duplicate of key present in binaryData")]),
  ]);
  errors.push(...validateKeys(binaryData, "binaryData"));
  const bytes = total(data, byteLength) + total(binaryData, decodedBytes);
  return bytes > mostBytes ? [...errors, tooLong("", mostBytes)] : errors;
}

const requiredKeys: ReadonlyMap<string, readonly string[]> = new Map([
  ["kubernetes.io/tls", ["tls.crt", "tls.key"]],
  ["kubernetes.io/dockercfg", [".dockercfg"]],
  ["kubernetes.io/dockerconfigjson", [".dockerconfigjson"]],
  ["kubernetes.io/ssh-auth", ["ssh-privatekey"]],
]);
const serviceAccount = "kubernetes.io/service-account.name";

/** Upstream: pkg/apis/core/validation `ValidateSecret`; Go's complaints about JSON are not its words. */
export function validateSecret({ metadata, data = {}, type = "" }: Secret): FieldError[] {
  const errors = validateKeys(data, "data");
  if (total(data, decodedBytes) > mostBytes) errors.push(tooLong("data", mostBytes));
  if (type === "kubernetes.io/service-account-token" && !metadata.annotations?.[serviceAccount]) {
    errors.push(required(`metadata.annotations[${serviceAccount}]`));
  }
  if (type === "kubernetes.io/basic-auth" && data["username"] === undefined && data["password"] === undefined) {
    errors.push(required("data[username]"), required("data[password]"));
  }
  for (const key of requiredKeys.get(type) ?? []) {
    const value = data[key];
    if (value === undefined || (key === "ssh-privatekey" && value === "")) errors.push(required(`data[${key}]`));
    else if (key.startsWith(".") && !isJsonObject(value)) {
      errors.push(invalid(`data[${key}]`, "<secret contents redacted>", "unexpected end of JSON input"));
    }
  }
  return errors;
}

function isJsonObject(base64: string): boolean {
  try {
    const value: unknown = JSON.parse(Buffer.from(base64, "base64").toString("utf8"));
    return typeof value === "object" && !Array.isArray(value);
  } catch {
    return false;
  }
}

/** Upstream: `ValidateConfigMapUpdate` and `ValidateSecretUpdate`. */
export function validateDataUpdate(after: ConfigMap | Secret, before: ConfigMap | Secret): FieldError[] {
  const errors: FieldError[] = [];
  const [type, was] = [after, before].map((object) => ("type" in object ? object.type : undefined));
  if (type !== was) errors.push(invalid("type", type ?? "", "field is immutable"));
  if (before.immutable !== true) return errors;
  const detail = "field is immutable when `immutable` is set";
  if (after.immutable !== true) errors.push(forbidden("immutable", detail));
  if (!sameContent(after.data, before.data)) errors.push(forbidden("data", detail));
  const [binary, wasBinary] = [after, before].map((object) => ("binaryData" in object ? object.binaryData : undefined));
  if (!sameContent(binary, wasBinary)) errors.push(forbidden("binaryData", detail));
  return errors;
}
