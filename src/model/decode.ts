import { type ApiField, type ApiType, apiStruct, goName, structOf } from "./api-schema.ts";
import { canonicalQuantity } from "./quantity.ts";
import { formatTime, parseTime } from "./wall-clock.ts";

/** An object whose text cannot be decoded at all. */
export class DecodeError extends Error {}

export interface Decoded {
  /** What a Go client would send on: unknown fields and empty values gone, quantities canonical, structs by value present. */
  readonly object: JsonObject;
  /** Paths of fields that the kind does not have, in the order met. */
  readonly unknownFields: readonly string[];
}

export type JsonObject = Record<string, unknown>;

/** Decodes an object of a known kind as the API server does; throws `DecodeError` with Go's text. Other kinds are copied. */
export function decodeObject(object: JsonObject): Decoded {
  const { apiVersion, kind } = object;
  const struct = typeof apiVersion === "string" && typeof kind === "string" ? structOf(apiVersion, kind) : undefined;
  if (struct === undefined) return { object: structuredClone(object), unknownFields: [] };
  const unknownFields: string[] = [];
  return { object: decodeStruct(struct, object, { json: "", go: "" }, unknownFields), unknownFields };
}

/** Where a value stands: with indexes, as complaints about fields have it, and without, as Go's decoder has it. */
interface Place {
  readonly json: string;
  readonly go: string;
}

const inside = (place: Place, name: string): Place => ({
  json: place.json === "" ? name : `${place.json}.${name}`,
  go: place.go === "" ? name : `${place.go}.${name}`,
});

function decodeStruct(struct: string, value: JsonObject, place: Place, unknown: string[]): JsonObject {
  const fields = apiStruct(struct);
  const decoded: JsonObject = {};
  for (const [name, given] of Object.entries(value)) {
    const field = fields.get(name);
    const at = inside(place, name);
    if (field === undefined) {
      unknown.push(at.json);
      continue;
    }
    if (given === null || given === undefined) continue;
    const result = decodeValue(field.type, given, at, goName(struct), unknown);
    if (isKept(field, result)) decoded[name] = result;
  }
  for (const field of fields.values()) {
    if (!field.always || field.pointer || decoded[field.name] !== undefined) continue;
    const zero = zeroOf(field.type, inside(place, field.name), unknown);
    if (zero !== undefined) decoded[field.name] = zero;
  }
  return decoded;
}

/** Go leaves out empty strings, zeros and empty lists, unless a pointer says that they were given. */
function isKept(field: ApiField, value: unknown): boolean {
  if (field.pointer || field.always) return value !== undefined;
  if (Array.isArray(value)) return value.length > 0;
  if (field.type.kind === "map") return Object.keys(value as JsonObject).length > 0;
  if (field.type.kind === "quantity" || field.type.kind === "intOrString" || field.type.kind === "raw") return true;
  return value !== "" && value !== 0 && value !== false;
}

function zeroOf(type: ApiType, place: Place, unknown: string[]): unknown {
  switch (type.kind) {
    case "struct":
      return decodeStruct(type.name, {}, place, unknown);
    case "string":
      return "";
    case "int32":
    case "int64":
    case "double":
      return 0;
    case "bool":
      return false;
    default:
      return undefined;
  }
}

function decodeValue(type: ApiType, value: unknown, place: Place, owner: string, unknown: string[]): unknown {
  const refuse = (goType: string): never => {
    throw new DecodeError(
      `json: cannot unmarshal ${jsonKind(value)} into Go struct field ${owner}.${place.go} of type ${goType}`,
    );
  };
  switch (type.kind) {
    case "list":
      if (!Array.isArray(value)) return refuse(goType(type));
      return value.map((item, index) => {
        const at = { json: `${place.json}[${index}]`, go: place.go };
        if (item !== null) return decodeValue(type.of, item, at, owner, unknown);
        return zeroOf(type.of, at, unknown);
      });
    case "map":
      if (!isObject(value)) return refuse(goType(type));
      return Object.fromEntries(
        Object.entries(value).map(([key, item]) => {
          const at = { json: `${place.json}.${key}`, go: place.go };
          return [key, item === null ? zeroOf(type.of, at, unknown) : decodeValue(type.of, item, at, owner, unknown)];
        }),
      );
    case "struct":
      return isObject(value) ? decodeStruct(type.name, value, place, unknown) : refuse(goType(type));
    case "string":
      return typeof value === "string" ? value : refuse("string");
    case "bool":
      return typeof value === "boolean" ? value : refuse("bool");
    case "int32":
    case "int64":
      return isInteger(value, type.kind) ? value : refuse(type.kind);
    case "double":
      return typeof value === "number" ? value : refuse("float64");
    case "quantity":
      return decodeQuantity(value);
    case "intOrString":
      return typeof value === "string" || isInteger(value, "int32") ? value : refuse("int32");
    case "time":
    case "microTime":
      return typeof value === "string" ? decodeTime(value, type.kind) : refuse("string");
    case "bytes":
      return typeof value === "string" ? decodeBytes(value) : refuse("[]uint8");
    case "raw":
      return structuredClone(value);
  }
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function isInteger(value: unknown, kind: "int32" | "int64"): boolean {
  if (typeof value !== "number" || !Number.isInteger(value)) return false;
  return kind === "int64" ? Math.abs(value) < 9.3e18 : value === (value | 0);
}

function jsonKind(value: unknown): string {
  if (typeof value === "number") return Number.isInteger(value) && value === (value | 0) ? "number" : `number ${value}`;
  if (typeof value === "boolean") return "bool";
  return Array.isArray(value) ? "array" : typeof value;
}

function goType(type: ApiType): string {
  switch (type.kind) {
    case "list":
      return `[]${goType(type.of)}`;
    case "map":
      return `map[string]${goType(type.of)}`;
    case "struct":
      return `v1.${goName(type.name)}`;
    default:
      return type.kind;
  }
}

function decodeQuantity(value: unknown): string {
  try {
    return canonicalQuantity(typeof value === "string" ? value.trim() : JSON.stringify(value));
  } catch (error) {
    throw new DecodeError((error as Error).message);
  }
}

function decodeTime(text: string, kind: "time" | "microTime"): string | undefined {
  if (text === "") return undefined;
  const time = parseTime(text);
  if (time === undefined) {
    throw new DecodeError(
      `parsing time ${JSON.stringify(text)} as "2006-01-02T15:04:05Z07:00": cannot parse ${JSON.stringify(text)} as "2006"`,
    );
  }
  const seconds = formatTime(time.seconds);
  return kind === "time" ? seconds : `${seconds.slice(0, -1)}.${String(time.micros).padStart(6, "0")}Z`;
}

function decodeBytes(text: string): string {
  const bad = /[^A-Za-z0-9+/=\r\n]/.exec(text);
  if (bad !== null) throw new DecodeError(`illegal base64 data at input byte ${bad.index}`);
  const compact = text.replace(/[\r\n]/g, "");
  if (compact.length % 4 !== 0)
    throw new DecodeError(`illegal base64 data at input byte ${compact.length - (compact.length % 4)}`);
  return compact;
}
