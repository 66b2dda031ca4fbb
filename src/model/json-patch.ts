import type { JsonObject } from "./decode.ts";
import { isJsonObject } from "./json-merge.ts";
import { sameContent } from "./same-content.ts";
import { PatchError } from "./strategic-merge.ts";

/** One operation of RFC 6902. */
export interface JsonPatchOperation {
  readonly op: string;
  readonly path: string;
  readonly from?: string;
  readonly value?: unknown;
}

/** All operations in order, or none: throws `PatchError` with json-patch's text. The document is not touched. */
export function applyJsonPatch(document: unknown, operations: readonly JsonPatchOperation[]): unknown {
  let current = structuredClone(document);
  for (const operation of operations) current = applyOperation(current, operation);
  return current;
}

function applyOperation(document: unknown, { op, path, from = "", value }: JsonPatchOperation): unknown {
  switch (op) {
    case "add":
      return add(document, path, value, "add");
    case "remove":
      return remove(document, path, "remove");
    case "replace":
      return replace(document, path, value);
    case "move":
      return add(remove(document, from, "move"), path, found(document, from, "move"), "move");
    case "copy":
      return add(document, path, structuredClone(found(document, from, "copy")), "copy");
    case "test":
      return test(document, path, value);
    default:
      throw new PatchError(`Unexpected kind: ${op}`);
  }
}

const keysOf = (path: string): string[] =>
  path
    .split("/")
    .slice(1)
    .map((key) => key.replace(/~1/g, "/").replace(/~0/g, "~"));

/** The container that the last key belongs to; `undefined` when the way there is missing. */
function containerOf(document: unknown, keys: readonly string[]): JsonObject | unknown[] | undefined {
  let current = document;
  for (const key of keys.slice(0, -1)) {
    if (Array.isArray(current)) current = current[Number(key)];
    else if (isJsonObject(current)) current = current[key];
    else return undefined;
  }
  return Array.isArray(current) || isJsonObject(current) ? current : undefined;
}

function add(document: unknown, path: string, value: unknown, verb: string): unknown {
  if (path === "") return value;
  const keys = keysOf(path);
  const container = containerOf(document, keys);
  if (container === undefined) {
    throw new PatchError(
      `${verb} operation does not apply: doc is missing path: ${JSON.stringify(path)}: missing value`,
    );
  }
  const key = keys[keys.length - 1]!;
  if (!Array.isArray(container)) {
    container[key] = value;
    return document;
  }
  const index = key === "-" ? container.length : arrayIndex(container, key, path, container.length, verb);
  container.splice(index, 0, value);
  return document;
}

function arrayIndex(container: readonly unknown[], key: string, path: string, max: number, verb: string): number {
  const index = Number(key);
  const at = index < 0 ? index + container.length : index;
  if (Number.isInteger(at) && at >= 0 && at <= max) return at;
  const reason = Number.isInteger(index)
    ? `Unable to access invalid index: ${key}: invalid index referenced`
    : `value was not a proper array index: '${key}'`;
  throw new PatchError(`error in ${verb} for path: '${path}': ${reason}`);
}

function remove(document: unknown, path: string, verb: string): unknown {
  const keys = keysOf(path);
  const container = containerOf(document, keys);
  if (container === undefined) {
    throw new PatchError(
      `${verb} operation does not apply: doc is missing path: ${JSON.stringify(path)}: missing value`,
    );
  }
  const key = keys[keys.length - 1]!;
  if (Array.isArray(container)) {
    container.splice(arrayIndex(container, key, path, container.length - 1, verb), 1);
  } else if (Object.hasOwn(container, key)) {
    delete container[key];
  } else {
    throw new PatchError(
      `error in ${verb} for path: '${path}': Unable to remove nonexistent key: ${key}: missing value`,
    );
  }
  return document;
}

function replace(document: unknown, path: string, value: unknown): unknown {
  if (path === "") return value;
  const keys = keysOf(path);
  const container = containerOf(document, keys);
  if (container === undefined) {
    throw new PatchError(`replace operation does not apply: doc is missing path: ${path}: missing value`);
  }
  const key = keys[keys.length - 1]!;
  if (Array.isArray(container)) {
    container[arrayIndex(container, key, path, container.length - 1, "replace")] = value;
  } else {
    container[key] = value; // Also where there was none: json-patch v4 does not mind.
  }
  return document;
}

function valueAt(document: unknown, path: string): unknown {
  if (path === "") return document;
  const keys = keysOf(path);
  const container = containerOf(document, keys);
  const key = keys[keys.length - 1]!;
  return Array.isArray(container) ? container[Number(key)] : container?.[key];
}

function found(document: unknown, path: string, verb: string): unknown {
  const value = valueAt(document, path);
  if (value !== undefined) return value;
  throw new PatchError(`${verb} operation does not apply: doc is missing from path: ${path}: missing value`);
}

function test(document: unknown, path: string, value: unknown): unknown {
  const actual = valueAt(document, path);
  const bothAbsent = (actual ?? null) === null && (value ?? null) === null;
  if (bothAbsent || sameContent(actual, value)) return document;
  throw new PatchError(`testing value ${path} failed: test failed`);
}
