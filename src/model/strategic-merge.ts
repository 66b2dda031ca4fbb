import { type ApiField, type ApiStruct, apiStruct } from "./api-schema.ts";
import type { JsonObject } from "./decode.ts";
import { goValue } from "./go-text.ts";
import { isJsonObject } from "./json-merge.ts";

export class PatchError extends Error {}

const setElementOrder = "$setElementOrder/";
const deleteFromPrimitiveList = "$deleteFromPrimitiveList/";

/**
 * Applying a patch to an object, or (`combine`) folding one patch into another: directives are then carried along instead of obeyed.
 */
type Mode = "apply" | "combine";

/** A strategic merge patch applied to an object of a known kind. Throws `PatchError` with upstream's text. */
export function applyStrategicMergePatch(original: JsonObject, patch: JsonObject, struct: string): JsonObject {
  return mergeMap(original, patch, apiStruct(struct), "apply");
}

/** Two patches as one; the second one's values win. */
export function combinePatches(first: JsonObject, second: JsonObject, struct: string): JsonObject {
  return mergeMap(first, second, apiStruct(struct), "combine");
}

/** The struct that a field's value or its items have, if they have one. */
export function structOfField(field: ApiField | undefined): ApiStruct | undefined {
  const type = field?.type.kind === "list" || field?.type.kind === "map" ? field.type.of : field?.type;
  return type?.kind === "struct" ? apiStruct(type.name) : undefined;
}

function mergeMap(original: JsonObject, given: JsonObject, struct: ApiStruct | undefined, mode: Mode): JsonObject {
  if ("$patch" in given) return obeyDirective(given);
  const result: JsonObject = { ...original };
  const patch: JsonObject = { ...given };
  retainKeys(result, patch, mode);
  mergeOrderedLists(result, patch, struct, mode);
  for (const [patchKey, value] of Object.entries(patch)) {
    const deletes = patchKey.startsWith(deleteFromPrimitiveList);
    if (deletes && mode === "combine") {
      result[patchKey] = value;
      continue;
    }
    const key = deletes ? patchKey.slice(deleteFromPrimitiveList.length) : patchKey;
    if (value === null) {
      delete result[key];
      if (mode === "combine") result[key] = null;
    } else if (!(key in result)) {
      if (!deletes) result[key] = mode === "apply" ? withoutDirectives(value) : value;
    } else {
      const field = struct?.get(key);
      result[key] = deletes ? without(result[key], value) : mergeValue(result[key], value, field, mode);
    }
  }
  return result;
}

function mergeValue(original: unknown, patch: unknown, field: ApiField | undefined, mode: Mode): unknown {
  if (isJsonObject(original) && isJsonObject(patch)) return mergeMap(original, patch, structOfField(field), mode);
  if (Array.isArray(original) && Array.isArray(patch) && field?.mergeKey !== undefined) {
    const merged = mergeList(original, patch, field, mode);
    return inOrder(merged, patch, original, field.mergeKey);
  }
  return patch;
}

function obeyDirective(patch: JsonObject): JsonObject {
  const { $patch: directive, ...rest } = patch;
  if (directive === "replace") return rest;
  if (directive === "delete") return {};
  throw new PatchError(`unknown patch type: ${directive} in map: ${goValue(patch)}`);
}

/** `$retainKeys` names what stays: every other key of the original goes. */
function retainKeys(result: JsonObject, patch: JsonObject, mode: Mode): void {
  const kept = patch["$retainKeys"];
  if (kept === undefined) return;
  delete patch["$retainKeys"];
  if (mode === "combine") result["$retainKeys"] = kept;
  else for (const key of Object.keys(result)) if (!(kept as unknown[]).includes(key)) delete result[key];
}

/** Lists with a `$setElementOrder` beside them: merged, then put in that order with the items that only the server has between. */
function mergeOrderedLists(result: JsonObject, patch: JsonObject, struct: ApiStruct | undefined, mode: Mode): void {
  for (const [directive, order] of Object.entries(patch)) {
    if (!directive.startsWith(setElementOrder) || !Array.isArray(order)) continue;
    delete patch[directive];
    if (mode === "combine") result[directive] = order;
    const key = directive.slice(setElementOrder.length);
    const field = struct?.get(key);
    const [original, change] = [result[key], patch[key]];
    if (field?.mergeKey === undefined || (original === undefined && change === undefined)) continue;
    delete patch[key];
    const before = Array.isArray(original) ? original : [];
    const merged = Array.isArray(change) ? mergeList(before, change, field, mode) : before;
    result[key] = inOrder(merged, order, before, field.mergeKey);
  }
}

function mergeList(original: unknown[], patch: unknown[], field: ApiField, mode: Mode): unknown[] {
  const { mergeKey } = field;
  if (mergeKey === "" || mergeKey === undefined) return [...new Set([...original, ...patch])];
  let result = [...original] as JsonObject[];
  let changes = patch as JsonObject[];
  if (mode === "apply") {
    const replacing = changes.some((change) => change["$patch"] === "replace");
    const marked = changes.filter((change) => "$patch" in change);
    for (const change of marked) {
      if (change["$patch"] === "delete")
        result = result.filter((item) => item[mergeKey] !== keyOfItem(change, mergeKey));
      else if (change["$patch"] !== "replace") obeyDirective(change);
    }
    changes = changes.filter((change) => !("$patch" in change));
    if (replacing) return changes;
  }
  for (const change of changes) {
    const wanted = keyOfItem(change, mergeKey);
    const at = result.findIndex((item) => item[mergeKey] === wanted);
    if (at < 0) result.push(mode === "apply" ? (withoutDirectives(change) as JsonObject) : change);
    else result[at] = mergeMap(result[at]!, change, structOfField(field), mode);
  }
  return result;
}

function keyOfItem(item: JsonObject, mergeKey: string): unknown {
  const value = item[mergeKey];
  if (value !== undefined) return value;
  throw new PatchError(`map: ${goValue(item)} does not contain declared merge key: ${mergeKey}`);
}

/** What a value that had nothing to merge with leaves behind: directives mean nothing then, and nulls delete nothing. */
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.filter((item) => !isJsonObject(item) || !("$patch" in item)).map(withoutDirectives);
  }
  if (!isJsonObject(value)) return value;
  const entries = Object.entries(value).filter(([key, item]) => item !== null && !isDirective(key));
  return Object.fromEntries(entries.map(([key, item]) => [key, withoutDirectives(item)]));
}

const isDirective = (key: string): boolean =>
  key === "$patch" ||
  key === "$retainKeys" ||
  key.startsWith(setElementOrder) ||
  key.startsWith(deleteFromPrimitiveList);

const without = (list: unknown, removed: unknown): unknown =>
  Array.isArray(list) && Array.isArray(removed) ? list.filter((item) => !removed.includes(item)) : list;

/** Where an item stands in a list: by its merge key, or by itself. */
export function indexIn(list: readonly unknown[], item: unknown, mergeKey: string): number {
  if (mergeKey === "") return list.indexOf(item);
  const key = (item as JsonObject)[mergeKey];
  return list.findIndex((other) => isJsonObject(other) && other[mergeKey] === key);
}

/**
 * Items that the patch names come in the patch's order, items that only the server has in the server's; the two are merged so that
 * a server's item goes first only where the server had it before.
 */
function inOrder(
  merged: unknown[],
  patchOrder: readonly unknown[],
  serverOrder: readonly unknown[],
  mergeKey: string,
): unknown[] {
  const named = merged.filter((item) => indexIn(patchOrder, item, mergeKey) >= 0);
  const serverOnly = merged.filter((item) => indexIn(patchOrder, item, mergeKey) < 0);
  named.sort((left, right) => indexIn(patchOrder, left, mergeKey) - indexIn(patchOrder, right, mergeKey));
  serverOnly.sort((left, right) => indexIn(serverOrder, left, mergeKey) - indexIn(serverOrder, right, mergeKey));
  const result: unknown[] = [];
  let [nextNamed, nextServer] = [0, 0];
  while (nextNamed < named.length && nextServer < serverOnly.length) {
    const left = indexIn(serverOrder, serverOnly[nextServer], mergeKey);
    const right = indexIn(serverOrder, named[nextNamed], mergeKey);
    if (left >= 0 && right >= 0 && left < right) result.push(serverOnly[nextServer++]);
    else result.push(named[nextNamed++]);
  }
  return [...result, ...named.slice(nextNamed), ...serverOnly.slice(nextServer)];
}
