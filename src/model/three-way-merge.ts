import { type ApiField, type ApiStruct, apiStruct } from "./api-schema.ts";
import type { JsonObject } from "./decode.ts";
import { isJsonObject } from "./json-merge.ts";
import { sameContent } from "./same-content.ts";
import { combinePatches, indexIn, structOfField } from "./strategic-merge.ts";

/** Which differences a patch is made of. */
interface DiffOptions {
  readonly deletions: boolean;
  readonly changes: boolean;
}

/**
 * What `kubectl apply` sends for a known kind: what was applied before and is gone is deleted, what is wanted and differs from the
 * live object is set, and what nobody applied stays.
 */
export function threeWayStrategicPatch(
  lastApplied: JsonObject | null,
  wanted: JsonObject,
  live: JsonObject,
  struct: string,
): JsonObject {
  const fields = apiStruct(struct);
  const changes = diffMaps(live, wanted, fields, { deletions: false, changes: true }, false);
  const deletions = diffMaps(lastApplied ?? {}, wanted, fields, { deletions: true, changes: false }, false);
  return combinePatches(deletions, changes, struct);
}

/** The same for custom resources, as a JSON merge patch. */
export function threeWayJsonMergePatch(
  lastApplied: JsonObject | null,
  wanted: JsonObject,
  live: JsonObject,
): JsonObject {
  const changes = mergePatchBetween(live, wanted, { deletions: false, changes: true });
  const deletions = mergePatchBetween(lastApplied ?? {}, wanted, { deletions: true, changes: false });
  return keepingNulls(deletions, changes);
}

/** The second patch on top of the first, `null`s kept: they still have to delete. */
function keepingNulls(first: JsonObject, second: JsonObject): JsonObject {
  const result: JsonObject = { ...first };
  for (const [key, value] of Object.entries(second)) {
    const seen = result[key];
    result[key] = isJsonObject(seen) && isJsonObject(value) ? keepingNulls(seen, value) : value;
  }
  return result;
}

/** The JSON merge patch that turns one object into another, or its deletions or changes alone. */
export function mergePatchBetween(
  from: JsonObject,
  to: JsonObject,
  options: DiffOptions = { deletions: true, changes: true },
): JsonObject {
  const patch: JsonObject = {};
  for (const [key, value] of Object.entries(to)) {
    const before = from[key];
    if (isJsonObject(before) && isJsonObject(value)) {
      const inner = mergePatchBetween(before, value, options);
      if (Object.keys(inner).length > 0) patch[key] = inner;
    } else if (options.changes && !sameContent(before, value)) {
      patch[key] = value;
    }
  }
  if (options.deletions) for (const key of Object.keys(from)) if (!(key in to)) patch[key] = null;
  return patch;
}

function diffMaps(
  from: JsonObject,
  to: JsonObject,
  struct: ApiStruct | undefined,
  options: DiffOptions,
  retain: boolean,
): JsonObject {
  const patch: JsonObject = {};
  for (const [key, value] of Object.entries(to)) {
    const before = from[key];
    const field = struct?.get(key);
    if (before === undefined) {
      if (options.changes) patch[key] = value;
    } else if (isJsonObject(before) && isJsonObject(value)) {
      const inner = diffMaps(before, value, structOfField(field), options, field?.retainKeys === true);
      if (Object.keys(inner).length > 0) patch[key] = inner;
    } else if (Array.isArray(before) && Array.isArray(value) && field?.mergeKey !== undefined) {
      Object.assign(patch, diffLists(key, before, value, field, options));
    } else if (options.changes && !sameContent(before, value)) {
      patch[key] = value;
    }
  }
  const dropped = Object.keys(from).filter((key) => !(key in to));
  if (options.deletions) for (const key of dropped) patch[key] = null;
  if (retain && (Object.keys(patch).length > 0 || dropped.length > 0)) patch["$retainKeys"] = Object.keys(to).sort();
  return patch;
}

function diffLists(name: string, from: unknown[], to: unknown[], field: ApiField, options: DiffOptions): JsonObject {
  const mergeKey = field.mergeKey!;
  if (from.length === 0) return to.length === 0 || !options.changes ? {} : { [name]: to };
  return mergeKey === ""
    ? diffPlainLists(name, from, to, options)
    : diffKeyedLists(name, from as JsonObject[], to as JsonObject[], field, options);
}

function diffPlainLists(name: string, from: unknown[], to: unknown[], options: DiffOptions): JsonObject {
  const added = options.changes ? to.filter((item) => !from.includes(item)) : [];
  const removed = options.deletions ? from.filter((item) => !to.includes(item)) : [];
  const ordered = to.length > 0 && (removed.length > 0 || (options.changes && !sameContent(from, to)));
  return {
    ...(added.length > 0 && { [name]: added }),
    ...(removed.length > 0 && { [`$deleteFromPrimitiveList/${name}`]: removed }),
    ...(ordered && { [`$setElementOrder/${name}`]: to }),
  };
}

function diffKeyedLists(
  name: string,
  from: JsonObject[],
  to: JsonObject[],
  field: ApiField,
  options: DiffOptions,
): JsonObject {
  const mergeKey = field.mergeKey!;
  const items: JsonObject[] = [];
  for (const item of to) {
    const before = from[indexIn(from, item, mergeKey)];
    if (before === undefined) {
      if (options.changes) items.push(item);
      continue;
    }
    const inner = diffMaps(before, item, structOfField(field), options, field.retainKeys);
    if (Object.keys(inner).length > 0) items.push({ ...inner, [mergeKey]: item[mergeKey] });
  }
  if (options.deletions) {
    for (const item of from) {
      if (indexIn(to, item, mergeKey) < 0) items.push({ $patch: "delete", [mergeKey]: item[mergeKey] });
    }
  }
  const sameOrder = from.length === to.length && from.every((item, index) => item[mergeKey] === to[index]![mergeKey]);
  const ordered = to.length > 0 && (items.length > 0 || (options.changes && !sameOrder));
  return {
    ...(items.length > 0 && { [name]: items }),
    ...(ordered && { [`$setElementOrder/${name}`]: to.map((item) => ({ [mergeKey]: item[mergeKey] })) }),
  };
}
