import { type FieldError, invalid, notSupported, required } from "../field-error.ts";
import { percent, portName, portNumber, qualifiedName } from "../names.ts";
import type { IntOrString } from "../object-meta.ts";
import { sameContent } from "../same-content.ts";

export const notNegativeDetail = "must be greater than or equal to 0";

/** Complaints of one rule of `names.ts` about a value, if there is one. */
export function named(
  rule: (value: string) => readonly string[],
  value: string | undefined,
  field: string,
): FieldError[] {
  if (value === undefined || value === "") return [];
  return rule(value).map((message) => invalid(field, value, message));
}

export function notNegative(value: number | undefined, field: string): FieldError[] {
  return value !== undefined && value < 0 ? [invalid(field, value, notNegativeDetail)] : [];
}

export function positive(value: number | undefined, field: string): FieldError[] {
  return value !== undefined && value <= 0 ? [invalid(field, value, "must be greater than 0")] : [];
}

export function given(value: unknown, field: string, detail = ""): FieldError[] {
  return value === undefined || value === "" || value === null ? [required(field, detail)] : [];
}

export function unchanged(after: unknown, before: unknown, field: string): FieldError[] {
  return sameContent(after, before) ? [] : [invalid(field, after ?? null, "field is immutable")];
}

/** One of the supported values; upstream lists most sets sorted, so callers give the order. */
export function oneOf(value: string | undefined, supported: readonly string[], field: string): FieldError[] {
  return value === undefined || supported.includes(value) ? [] : [notSupported(field, value, supported)];
}

/** A port by number or name. */
export function portNumberOrName(port: IntOrString | undefined, field: string): FieldError[] {
  const messages = typeof port === "string" ? portName(port) : portNumber(port ?? 0);
  return messages.map((message) => invalid(field, port ?? 0, message));
}

/** A count or a percentage, not negative. */
export function intOrPercent(value: IntOrString | undefined, field: string): FieldError[] {
  if (value === undefined) return [];
  if (typeof value === "number") return notNegative(value, field);
  return percent(value).map((message) => invalid(field, value, message));
}

export function percentValue(value: IntOrString | undefined): number | undefined {
  return typeof value === "string" && /^[0-9]+%$/.test(value) ? Number(value.slice(0, -1)) : undefined;
}

export function isZero(value: IntOrString | undefined): boolean {
  return value === 0 || percentValue(value) === 0;
}

export function isQualified(name: string): boolean {
  return name.includes("/") && qualifiedName(name).length === 0;
}

/** IPv4, or IPv6 in any of its spellings. */
export function isIpAddress(text: string): boolean {
  return isIpv4Address(text) || isIpv6Address(text);
}

export function isIpv4Address(text: string): boolean {
  const parts = text.split(".");
  return parts.length === 4 && parts.every((part) => /^(0|[1-9][0-9]{0,2})$/.test(part) && Number(part) <= 255);
}

export function isIpv6Address(text: string): boolean {
  const [head, tail, ...more] = text.split("::");
  if (more.length > 0 || !text.includes(":")) return false;
  const groups = [head!, ...(tail === undefined ? [] : [tail])].flatMap((half) => (half === "" ? [] : half.split(":")));
  const last = groups[groups.length - 1];
  const embedded = last !== undefined && isIpv4Address(last);
  const plain = embedded ? groups.slice(0, -1) : groups;
  const count = plain.length + (embedded ? 2 : 0);
  return plain.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group)) && (tail === undefined ? count === 8 : count < 8);
}

export function ipAddress(text: string | undefined, field: string): FieldError[] {
  if (text !== undefined && isIpAddress(text)) return [];
  return [invalid(field, text ?? "", "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)")];
}

/** No address that means a machine itself or only its neighbours. Upstream: `ValidateNonSpecialIP`, for IPv4 and IPv6. */
export function ordinaryAddress(text: string, field: string): FieldError[] {
  if (!isIpAddress(text)) return [invalid(field, text, "must be a valid IP address")];
  const complain = (detail: string): FieldError[] => [invalid(field, text, detail)];
  if (text === "0.0.0.0" || /^[0:]+$/.test(text)) return complain(`may not be unspecified (${text})`);
  if (text.startsWith("127.") || /^[0:]*:0*1$/.test(text)) {
    return complain("may not be in the loopback range (127.0.0.0/8, ::1/128)");
  }
  if (text.startsWith("169.254.") || /^fe[89ab][0-9a-f]:/i.test(text)) {
    return complain("may not be in the link-local range (169.254.0.0/16, fe80::/10)");
  }
  if (text.startsWith("224.0.0.") || /^ff02:/i.test(text)) {
    return complain("may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)");
  }
  return [];
}

export function isCidr(text: string): boolean {
  const [address, prefix, ...more] = text.split("/");
  if (more.length > 0 || prefix === undefined || !/^[0-9]{1,3}$/.test(prefix)) return false;
  return isIpAddress(address!) && Number(prefix) <= (isIpv4Address(address!) ? 32 : 128);
}

export function cidr(text: string, field: string): FieldError[] {
  if (isCidr(text)) return [];
  return [invalid(field, text, "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)")];
}

/** Whether one IPv4 block lies strictly inside another. */
export function isStrictSubset(inner: string, outer: string): boolean {
  const [innerBase, innerBits] = block(inner);
  const [outerBase, outerBits] = block(outer);
  if (innerBits <= outerBits) return false;
  const shift = 32 - outerBits;
  return Math.floor(innerBase / powerOfTwo(shift)) === Math.floor(outerBase / powerOfTwo(shift));
}

const powerOfTwo = (exponent: number): number => Number(1n << BigInt(exponent));

function block(text: string): [base: number, bits: number] {
  const [address, prefix] = text.split("/") as [string, string];
  return [address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0), Number(prefix)];
}
