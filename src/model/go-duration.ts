import { goQuote } from "./field-error.ts";

const nanosecondsOf: ReadonlyMap<string, number> = new Map([
  ["ns", 1],
  ["us", 1e3],
  ["µs", 1e3],
  ["μs", 1e3],
  ["ms", 1e6],
  ["s", 1e9],
  ["m", 60e9],
  ["h", 3600e9],
]);

export class DurationError extends Error {}

/** Nanoseconds of Go's duration text: `1h30m`, `-1.5s`, `0`. Throws Go's complaint. Whole numbers up to 2^53 are exact. */
export function parseGoDuration(text: string): number {
  const bad = new DurationError(`time: invalid duration ${goQuote(text)}`);
  const sign = text.startsWith("-") ? -1 : 1;
  let rest = text.replace(/^[+-]/, "");
  if (rest === "0") return 0;
  if (rest === "") throw bad;
  let total = 0;
  while (rest !== "") {
    const match = /^([0-9]*)(?:(\.)([0-9]*))?/.exec(rest)!;
    const [number, whole, dot, decimals] = [match[0], match[1]!, match[2], match[3] ?? ""];
    if (whole === "" && (dot === undefined || decimals === "")) throw bad;
    const unit = /^[^0-9.]*/.exec(rest.slice(number.length))![0];
    if (unit === "") throw new DurationError(`time: missing unit in duration ${goQuote(text)}`);
    const nanoseconds = nanosecondsOf.get(unit);
    if (nanoseconds === undefined) {
      throw new DurationError(`time: unknown unit ${goQuote(unit)} in duration ${goQuote(text)}`);
    }
    total += Number(whole) * nanoseconds + Math.floor(Number(`0.${decimals}0`) * nanoseconds);
    rest = rest.slice(number.length + unit.length);
  }
  return sign * total;
}
