import { templateNames, templateStructs } from "./generated/template-types.ts";
import { type Amount, parseAmount } from "./quantity-amount.ts";

const alphabet = "bcdfghjklmnpqrstvwxz2456789";
const fnvOffset = 0x811c9dc5;
const fnvPrime = 0x01000193;

/** apimachinery's `rand.SafeEncodeString`: letters that cannot spell a word. */
export function safeEncodeString(text: string): string {
  let out = "";
  for (let at = 0; at < text.length; at++) out += alphabet[text.charCodeAt(at) % alphabet.length];
  return out;
}

/**
 * The label `pod-template-hash` of a defaulted pod template, as kube-controller-manager's `ComputeHash` makes it. A collision
 * count of 0 is not the same as none. Templates are frozen, so the dump's hash is remembered for each.
 */
export function podTemplateHash(template: object, collisionCount?: number): string {
  let hash = hashOfTemplates.get(template);
  if (hash === undefined) {
    hash = fnv1a(fnvOffset, dumpTemplate(template));
    if (Object.isFrozen(template)) hashOfTemplates.set(template, hash);
  }
  if (collisionCount !== undefined) {
    for (let byte = 0; byte < 8; byte++) {
      hash = Math.imul(hash ^ (byte < 4 ? (collisionCount >>> (8 * byte)) & 0xff : 0), fnvPrime);
    }
  }
  return safeEncodeString(`${hash >>> 0}`);
}

/** A memo of a pure function of frozen objects. */
const hashOfTemplates = new WeakMap<object, number>();

/** The hash label of a ControllerRevision with this raw data (StatefulSet and DaemonSet). */
export function controllerRevisionHash(data: string, collisionCount?: number): string {
  let hash = fnvOffset;
  const bytes = data + (collisionCount === undefined ? "" : `${collisionCount}`);
  for (const byte of utf8(bytes)) hash = Math.imul(hash, fnvPrime) ^ byte; // FNV-1, not 1a as for pod templates.
  return safeEncodeString(`${hash >>> 0}`);
}

/** `<owner>-<hash>`; a long owner's name is cut. */
export function controllerRevisionName(owner: string, hash: string): string {
  return `${owner.slice(0, 223)}-${hash}`;
}

function fnv1a(offset: number, text: string): number {
  let hash = offset;
  for (const byte of utf8(text)) hash = Math.imul(hash ^ byte, fnvPrime);
  return hash;
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** The textual dump of the Go struct (go-spew's `%#v` with sorted keys) that is hashed. */
export function dumpTemplate(template: object): string {
  return `(v1.PodTemplateSpec)${dump("v1.PodTemplateSpec", template)}`;
}

/** A value of a Go type without the type in front. `undefined` is the zero value; empty lists are nil after a protobuf trip. */
function dump(type: string, value: unknown): string {
  if (type.startsWith("*")) return value === undefined || value === null ? "<nil>" : dump(type.slice(1), value);
  if (type.startsWith("[]")) return dumpSlice(type.slice(2), value);
  if (type.startsWith("map[")) return dumpMap(type.slice(type.indexOf("]") + 1), value);
  const struct = templateStructs.get(type);
  if (struct !== undefined) return dumpStruct(struct, (value ?? {}) as Readonly<Record<string, unknown>>);
  switch (type) {
    case "resource.Quantity":
      return dumpQuantity(value as string | undefined);
    case "intstr.IntOrString":
      return dumpIntOrString(value);
    case "v1.Time":
      return "{Time:(time.Time){wall:(uint64)0 ext:(int64)0 loc:(*time.Location)<nil>}}";
    case "bool":
      return value === true ? "true" : "false";
    case "int32":
    case "int64":
      return `${value ?? 0}`;
    default: {
      const base = templateNames.get(type);
      return base === undefined ? `${value ?? ""}` : dump(base, value);
    }
  }
}

function dumpStruct(fields: readonly string[], value: Readonly<Record<string, unknown>>): string {
  const parts = fields.map((field) => {
    const [name, key, type] = field.split(" ") as [string, string, string];
    return `${name}:(${type})${dump(type, key === "" ? value : value[key])}`;
  });
  return `{${parts.join(" ")}}`;
}

function dumpSlice(type: string, value: unknown): string {
  const items = (value ?? []) as readonly unknown[];
  return items.length === 0 ? "<nil>" : `[${items.map((item) => dump(type, item)).join(" ")}]`;
}

function dumpMap(type: string, value: unknown): string {
  const record = (value ?? {}) as Readonly<Record<string, unknown>>;
  const keys = Object.keys(record).sort();
  return keys.length === 0 ? "<nil>" : `map[${keys.map((key) => `${key}:${dump(type, record[key])}`).join(" ")}]`;
}

function dumpIntOrString(value: unknown): string {
  const text = typeof value === "string";
  const number = typeof value === "number" ? value : 0;
  return `{Type:(intstr.Type)${text ? 1 : 0} IntVal:(int32)${number} StrVal:(string)${text ? value : ""}}`;
}

/** The parsed number, the cached text where upstream keeps one, and the format. */
function dumpQuantity(text: string | undefined): string {
  const amount = text === undefined ? undefined : parseAmount(text);
  const wide = amount?.wide === true;
  const inner = wide
    ? "{i:(resource.int64Amount){value:(int64)0 scale:(resource.Scale)0}"
    : `{i:(resource.int64Amount){value:(int64)${amount?.mantissa ?? 0} scale:(resource.Scale)${amount?.exponent ?? 0}}`;
  const decimal = `d:(resource.infDecAmount){Dec:(*inf.Dec)${wide ? dumpDecimal(amount) : "<nil>"}}`;
  return `${inner} ${decimal} s:(string)${amount?.text ?? ""} Format:(resource.Format)${amount?.format ?? ""}}`;
}

/** An arbitrary-precision number: its magnitude as 64-bit words, least significant first. */
function dumpDecimal({ mantissa, exponent }: Amount): string {
  const words: string[] = [];
  for (let rest = mantissa < 0n ? -mantissa : mantissa; rest > 0n; rest >>= 64n)
    words.push(`${BigInt.asUintN(64, rest)}`);
  const nat = words.length === 0 ? "<nil>" : `[${words.join(" ")}]`;
  return `{unscaled:(big.Int){neg:(bool)${mantissa < 0n} abs:(big.nat)${nat}} scale:(inf.Scale)${-exponent}}`;
}
