/** How a quantity was written, and will be printed: `12M`, `12Mi` or `12e6`. */
export type QuantityFormat = "DecimalSI" | "BinarySI" | "DecimalExponent";

/**
 * A parsed quantity: mantissa × 10^exponent, as apimachinery's `resource.Quantity` holds it. `wide` amounts are those that upstream
 * moved to arbitrary precision: they print alike, but their integers wrap differently when they pass int64.
 */
export interface Amount {
  readonly mantissa: bigint;
  readonly exponent: number;
  readonly format: QuantityFormat;
  readonly wide: boolean;
  /** The text it was parsed from, when upstream keeps it as canonical without looking twice. */
  readonly text?: string;
}

export class QuantityError extends Error {}

const formatWrong = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const suffixWrong = "unable to parse quantity's suffix";
const numericWrong = "unable to parse numeric part of quantity";

const maxInt64 = (1n << 63n) - 1n;
const minInt64 = -(1n << 63n);
const decimalSuffixes = new Map([
  ["n", -9],
  ["u", -6],
  ["m", -3],
  ["", 0],
  ["k", 3],
  ["M", 6],
  ["G", 9],
  ["T", 12],
  ["P", 15],
  ["E", 18],
]);
const binarySuffixes = new Map([
  ["Ki", 10],
  ["Mi", 20],
  ["Gi", 30],
  ["Ti", 40],
  ["Pi", 50],
  ["Ei", 60],
]);
const decimalSuffixOf = new Map([...decimalSuffixes].map(([suffix, exponent]) => [exponent, suffix]));
const binarySuffixOf = new Map([...binarySuffixes].map(([suffix, exponent]) => [exponent, suffix]));

/** 10^exponent; the exponent must not be negative. */
function powerOfTen(exponent: number): bigint {
  return BigInt(`1${"0".repeat(exponent)}`);
}

const fitsInt64 = (number: bigint): boolean => number >= minInt64 && number <= maxInt64;
const absolute = (number: bigint): bigint => (number < 0n ? -number : number);

/** Splits like upstream's scanner, which is looser than its regular expression: `.`, `+` and `1.` are numbers. */
const scanner = /^([+-]?)0*([0-9]*)(?:(\.)([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)$/;

/** Parses a quantity; throws `QuantityError` with upstream's text. */
export function parseAmount(text: string): Amount {
  if (text === "") throw new QuantityError(formatWrong);
  const match = scanner.exec(text);
  if (match === null) throw new QuantityError(formatWrong);
  const sign = match[1] === "-" ? -1n : 1n;
  const whole = match[2] === "" ? "0" : match[2]!;
  const decimals = match[4] ?? "";
  const { exponent, format } = interpretSuffix(match[5]!);
  return parseNarrow(text, sign, whole, decimals, exponent, format) ?? parseWide(match, sign, exponent, format);
}

function interpretSuffix(suffix: string): { readonly exponent: number; readonly format: QuantityFormat } {
  const decimal = decimalSuffixes.get(suffix);
  if (decimal !== undefined) return { exponent: decimal, format: "DecimalSI" };
  const binary = binarySuffixes.get(suffix);
  if (binary !== undefined) return { exponent: binary, format: "BinarySI" };
  if (!/^[eE][-+]?[0-9]+$/.test(suffix)) throw new QuantityError(suffixWrong);
  const exponent = BigInt(suffix.slice(1).replace("+", ""));
  if (!fitsInt64(exponent)) throw new QuantityError(suffixWrong);
  return { exponent: Number(BigInt.asIntN(32, exponent)), format: "DecimalExponent" };
}

/** The int64 path, taken when the digits surely fit; it also decides whether the text is kept as canonical. */
function parseNarrow(
  text: string,
  sign: bigint,
  whole: string,
  decimals: string,
  exponent: number,
  format: QuantityFormat,
): Amount | undefined {
  const binary = format === "BinarySI";
  if (binary && decimals !== "") return undefined;
  const precision = binary
    ? 15 - whole.length - Math.trunc((exponent * 3) / 10) - 1
    : 18 - whole.length - decimals.length;
  const scale = (binary ? 0 : exponent) - decimals.length;
  if (precision < 0 || scale < -9) return undefined;
  const digits = whole + decimals;
  const number = BigInt(digits);
  const mantissa = binary ? number << BigInt(exponent) : number;
  if (mantissa > maxInt64) return undefined;
  const kept =
    text === "0" ||
    (binary ? (number & 7n) !== 0n : scale % 3 === 0 && !digits.endsWith("000") && !digits.startsWith("0"));
  const amount = { mantissa: sign * mantissa, exponent: scale, format, wide: false };
  return kept ? Object.assign({}, amount, { text }) : amount;
}

/** The arbitrary-precision path: rounds away from zero to billionths, caps binary quantities at int64. */
function parseWide(match: RegExpExecArray, sign: bigint, exponent: number, format: QuantityFormat): Amount {
  const decimals = match[4] ?? "";
  if (match[2] === "" && decimals === "" && !match[0].includes("0")) throw new QuantityError(numericWrong);
  let mantissa = BigInt(`0${match[2]}${decimals}`);
  let scale = -decimals.length;
  if (format === "BinarySI") mantissa <<= BigInt(exponent);
  else scale += exponent;
  if (mantissa !== 0n) ({ mantissa, exponent: scale } = rescale(mantissa, scale, -9));
  let printed = format;
  if (format === "BinarySI" && mantissa !== 0n) {
    const one = powerOfTen(9);
    if (mantissa > maxInt64 * one) [mantissa, scale] = [maxInt64, 0];
    if (scale === -9 && mantissa < one) printed = "DecimalSI";
  }
  return { mantissa: sign * mantissa, exponent: scale, format: printed, wide: true };
}

/** The number at exactly that exponent, rounded away from zero. */
function rescale(mantissa: bigint, from: number, to: number): { mantissa: bigint; exponent: number; exact: boolean } {
  if (from >= to) return { mantissa: mantissa * powerOfTen(from - to), exponent: to, exact: true };
  const divisor = powerOfTen(to - from);
  const rest = mantissa % divisor;
  const truncated = mantissa / divisor;
  if (rest === 0n) return { mantissa: truncated, exponent: to, exact: true };
  return { mantissa: truncated + (mantissa < 0n ? -1n : 1n), exponent: to, exact: false };
}

/** Canonical text: the largest suffix with an integer mantissa, in the amount's own format. */
export function formatAmount(amount: Amount): string {
  if (amount.text !== undefined) return amount.text;
  const { mantissa, exponent } = amount;
  if (mantissa === 0n) return "0";
  if (amount.format === "BinarySI") {
    const whole = rescale(mantissa, exponent, 0);
    if (whole.exact && absolute(whole.mantissa) >= 1024n) {
      const [digits, times] = removeFactors(whole.mantissa, 1024n);
      return `${digits}${binarySuffixOf.get(times * 10) ?? ""}`;
    }
  }
  let [digits, times] = removeFactors(mantissa, 10n);
  times += exponent;
  const surplus = ((times % 3) + 3) % 3;
  digits *= powerOfTen(surplus);
  times -= surplus;
  if (amount.format === "DecimalExponent") return times === 0 ? `${digits}` : `${digits}e${times}`;
  return `${digits}${decimalSuffixOf.get(times) ?? ""}`;
}

function removeFactors(number: bigint, factor: bigint): [rest: bigint, times: number] {
  let rest = number;
  let times = 0;
  while (rest !== 0n && rest % factor === 0n) {
    rest /= factor;
    times++;
  }
  return [rest, times];
}

/** The sum in the first amount's format, or in the second's when the first is zero. */
export function addAmounts(left: Amount, right: Amount): Amount {
  return combine(left, right, right.mantissa, left.mantissa === 0n ? right.format : left.format);
}

export function subtractAmounts(left: Amount, right: Amount): Amount {
  return combine(left, right, -right.mantissa, left.mantissa === 0n ? right.format : left.format);
}

function combine(left: Amount, right: Amount, addend: bigint, format: QuantityFormat): Amount {
  if (!left.wide && !right.wide) {
    if (addend === 0n) return { mantissa: left.mantissa, exponent: left.exponent, format, wide: false };
    if (left.mantissa === 0n) return { mantissa: addend, exponent: right.exponent, format, wide: false };
  }
  const exponent = Math.min(left.exponent, right.exponent);
  const [a, b] = [left.mantissa * powerOfTen(left.exponent - exponent), addend * powerOfTen(right.exponent - exponent)];
  const wide = left.wide || right.wide || !fitsInt64(a) || !fitsInt64(b) || !fitsInt64(a + b);
  return { mantissa: a + b, exponent, format, wide };
}

export function compareAmounts(left: Amount, right: Amount): -1 | 0 | 1 {
  const exponent = Math.min(left.exponent, right.exponent);
  const a = left.mantissa * powerOfTen(left.exponent - exponent);
  const b = right.mantissa * powerOfTen(right.exponent - exponent);
  return a === b ? 0 : a < b ? -1 : 1;
}

/** The product with an int64; `fits` is false when upstream's mantissa left int64. */
export function multiplyAmount(amount: Amount, factor: bigint): { readonly amount: Amount; readonly fits: boolean } {
  const { mantissa, exponent, format, wide } = amount;
  if (!wide) {
    if (mantissa === 0n) return { amount: { mantissa, exponent, format, wide }, fits: true };
    if (factor === 0n) return { amount: { mantissa: 0n, exponent: 0, format, wide }, fits: true };
    const product = mantissa * factor;
    const plain = mantissa === 1n || factor === 1n || (mantissa !== minInt64 && factor !== minInt64);
    const unscaled = exponent >= 0 ? product * powerOfTen(exponent) : product;
    const whole = exponent >= 0 || product % powerOfTen(-exponent) === 0n;
    if (plain && fitsInt64(product) && fitsInt64(unscaled) && whole) {
      return { amount: { mantissa: product, exponent, format, wide }, fits: true };
    }
  }
  const product = mantissa * factor;
  return { amount: { mantissa: product, exponent, format, wide: true }, fits: fitsInt64(product) };
}

/** Rounded away from zero to multiples of 10^scale; `exact` when nothing was lost. */
export function roundUp(amount: Amount, scale: number): { readonly amount: Amount; readonly exact: boolean } {
  if (!amount.wide && amount.exponent >= scale) return { amount, exact: true };
  const { mantissa, exponent, exact } = rescale(amount.mantissa, amount.exponent, scale);
  return { amount: { mantissa, exponent, format: amount.format, wide: amount.wide }, exact };
}

/** The int64 that upstream's `ScaledValue` returns: ceil(amount / 10^scale), with its answers beyond int64. */
export function scaledValue(amount: Amount, scale: number): bigint {
  const { mantissa, exponent, wide } = amount;
  if (!wide) {
    const { mantissa: scaled } = rescale(mantissa, exponent, scale);
    if (fitsInt64(scaled)) return scaled;
    return wrappingShifts.has(exponent - scale) ? BigInt.asIntN(64, scaled) : 0n;
  }
  const shift = exponent - scale;
  if (shift >= 0) {
    const factor = shift > 18 ? minInt64 : powerOfTen(shift); // Go's conversion of a too large float.
    return BigInt.asIntN(64, BigInt.asIntN(64, mantissa) * factor);
  }
  const divisor = powerOfTen(-shift);
  // What seems to fit int64 (every negative number does) is cut towards zero; the rest is floored. Both then get 1 added.
  const seemsToFit = mantissa < maxInt64 && -shift < 19;
  const dividend = seemsToFit ? BigInt.asIntN(64, mantissa) : mantissa;
  const quotient = dividend / divisor;
  if (dividend % divisor === 0n) return BigInt.asIntN(64, quotient);
  return BigInt.asIntN(64, seemsToFit || dividend > 0n ? quotient + 1n : quotient);
}

/** Powers of ten that upstream multiplies by in one step, so that an overflow wraps; in other powers it becomes 0. */
const wrappingShifts: ReadonlySet<number> = new Set([1, 2, 3, 6, 9]);

/** The int64 if upstream can tell it without arbitrary precision. */
export function asInt64(amount: Amount): bigint | undefined {
  if (amount.wide || amount.exponent < 0) return undefined;
  const number = amount.mantissa * powerOfTen(amount.exponent);
  return fitsInt64(number) ? number : undefined;
}

/** The nearest double or close to it. */
export function approximateFloat(amount: Amount): number {
  return Number(`${amount.mantissa}e${amount.exponent}`);
}
