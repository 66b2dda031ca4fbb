import type { Quantity } from "./object-meta.ts";
import {
  addAmounts,
  compareAmounts,
  formatAmount,
  parseAmount,
  type QuantityFormat,
  scaledValue,
  subtractAmounts,
} from "./quantity-amount.ts";

/** What the suffix letter multiplies by, alone and followed by `i`; 0 where that is no suffix. */
function multiplierOf(letter: number, binary: boolean): number {
  switch (letter) {
    case 107: // k
      return binary ? 0 : 1e3;
    case 75: // K
      return binary ? 1024 : 0;
    case 77: // M
      return binary ? 1_048_576 : 1e6;
    case 71: // G
      return binary ? 1_073_741_824 : 1e9;
    case 84: // T
      return binary ? 1_099_511_627_776 : 1e12;
    default:
      return 0;
  }
}

/** Quick answer for plain digits with `m`, a decimal or a binary suffix; NaN when the text needs the exact way. */
function quickValue(text: string, milli: boolean): number {
  const { length } = text;
  let at = 0;
  let digits = 0;
  for (; at < length && at < 15; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) break;
    digits = digits * 10 + digit;
  }
  if (at === 0) return Number.NaN;
  if (at === length) return milli ? safe(digits * 1000) : digits;
  const code = text.charCodeAt(at);
  if (code === 109 && at + 1 === length) {
    if (milli) return digits;
    const rest = digits % 1000;
    return (digits - rest) / 1000 + (rest > 0 ? 1 : 0);
  }
  const binary = at + 2 === length && text.charCodeAt(at + 1) === 105;
  const multiplier = binary || at + 1 === length ? multiplierOf(code, binary) : 0;
  if (multiplier === 0) return Number.NaN;
  return safe(milli ? digits * multiplier * 1000 : digits * multiplier);
}

const safe = (number: number): number => (number <= Number.MAX_SAFE_INTEGER ? number : Number.NaN);

/** The quantity as an integer, rounded up (away from zero): bytes, pieces. Beyond 2^53 the nearest double of upstream's int64. */
export function value(text: Quantity): number {
  const quick = quickValue(text, false);
  return Number.isNaN(quick) ? Number(scaledValue(parseAmount(text), 0)) : quick;
}

/** Thousandths, rounded up: cpu millicores. Beyond int64 it wraps as upstream's `MilliValue` does. */
export function milliValue(text: Quantity): number {
  const quick = quickValue(text, true);
  return Number.isNaN(quick) ? Number(scaledValue(parseAmount(text), -3)) : quick;
}

/** What upstream complains about, or `undefined` when the text is a quantity. */
export function quantityProblem(text: string): string | undefined {
  try {
    parseAmount(text);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** The text as the API stores it: `0.5` is `500m`, `1024Ki` is `1Mi`. Throws `QuantityError` when it is no quantity. */
export function canonicalQuantity(text: string): Quantity {
  return formatAmount(parseAmount(text));
}

export function addQuantities(left: Quantity, right: Quantity): Quantity {
  return formatAmount(addAmounts(parseAmount(left), parseAmount(right)));
}

export function subtractQuantities(left: Quantity, right: Quantity): Quantity {
  return formatAmount(subtractAmounts(parseAmount(left), parseAmount(right)));
}

/** −1, 0 or 1, by value: `1000m` equals `1`. */
export function compareQuantities(left: Quantity, right: Quantity): -1 | 0 | 1 {
  if (left === right) return 0;
  return compareAmounts(parseAmount(left), parseAmount(right));
}

/** Canonical text of an integer, as `resource.NewQuantity(value, format)` prints it. */
export function quantityText(whole: number, format: QuantityFormat = "DecimalSI"): Quantity {
  return formatAmount({ mantissa: BigInt(whole), exponent: 0, format, wide: false });
}

/** Canonical text of thousandths: 1500 is `1500m`, 2000 is `2`. */
export function milliQuantityText(milli: number, format: QuantityFormat = "DecimalSI"): Quantity {
  if (format === "DecimalSI" && milli % 1000 !== 0) return `${milli}m`;
  return formatAmount({ mantissa: BigInt(milli), exponent: -3, format, wide: false });
}

/** Canonical text of bytes: 134217728 is `128Mi`. */
export function bytesText(bytes: number): Quantity {
  return quantityText(bytes, "BinarySI");
}
