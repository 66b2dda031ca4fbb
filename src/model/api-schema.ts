import { structFields, structOfKind } from "./generated/api-fields.ts";

/** One field of an API struct, as Go declares it. */
export interface ApiField {
  readonly name: string;
  readonly type: ApiType;
  /** Written even when empty: a struct by value, or a scalar without `omitempty`. */
  readonly always: boolean;
  /** A pointer: a zero value is a value. */
  readonly pointer: boolean;
  /** Items of the list are merged by this key in strategic merge patches; "" for lists of plain values. */
  readonly mergeKey?: string;
  /** A patch with `$retainKeys` clears every key it does not name. */
  readonly retainKeys: boolean;
}

export type ApiType =
  | { readonly kind: "list" | "map"; readonly of: ApiType }
  | { readonly kind: "struct"; readonly name: string }
  | { readonly kind: Scalar };

type Scalar = (typeof scalars)[number];
const scalars = [
  "string",
  "bytes",
  "bool",
  "int32",
  "int64",
  "double",
  "quantity",
  "intOrString",
  "time",
  "microTime",
  "raw",
] as const;

export type ApiStruct = ReadonlyMap<string, ApiField>;

function parseType(text: string): ApiType {
  if (text.startsWith("[]")) return { kind: "list", of: parseType(text.slice(2)) };
  if (text.startsWith("{}")) return { kind: "map", of: parseType(text.slice(2)) };
  const scalar = scalars.find((name) => name === text);
  return scalar === undefined ? { kind: "struct", name: text } : { kind: scalar };
}

function parseField(text: string): ApiField {
  const [name, type, flags = ""] = text.split(" ") as [string, string, string?];
  const merge = /@(\w*)/.exec(flags);
  return {
    name,
    type: parseType(type),
    always: flags.includes("!"),
    pointer: flags.includes("*"),
    ...(merge !== null && { mergeKey: merge[1]! }),
    retainKeys: flags.includes("%"),
  };
}

const structs: ReadonlyMap<string, ApiStruct> = new Map(
  [...structFields].map(([name, fields]) => {
    const parsed = fields === "" ? [] : fields.split("; ").map(parseField);
    return [name, new Map(parsed.map((field) => [field.name, field]))];
  }),
);

/** The struct of a kind that the API server knows; `undefined` for custom resources. */
export function structOf(apiVersion: string, kind: string): string | undefined {
  return structOfKind.get(`${apiVersion} ${kind}`);
}

/** Fields of a struct that `structOf` or another field's type names. */
export function apiStruct(name: string): ApiStruct {
  return structs.get(name)!;
}

/** Go's name of a struct: what stands after the group in ours. */
export function goName(struct: string): string {
  return struct.slice(struct.lastIndexOf(".") + 1);
}
