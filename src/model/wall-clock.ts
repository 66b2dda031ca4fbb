import type { Time } from "./object-meta.ts";

const daysBeforeMonth = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

/** Days from 1970-01-01 to the civil date (proleptic Gregorian calendar). `month` counts from 1. */
export function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const leapDays = Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400);
  const beforeYear = 365 * (year - 1970) + leapDays - 477;
  return beforeYear + daysBeforeMonth[month - 1]! + day - 1;
}

/** Seconds since 1970 of an RFC 3339 text, fractions as microseconds. `undefined` when the text is no RFC 3339 time. */
export function parseTime(text: string): { readonly seconds: number; readonly micros: number } | undefined {
  const match = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))$/.exec(
    text,
  );
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction, sign, offsetHours, offsetMinutes] = match;
  if (+month! < 1 || +month! > 12 || +day! < 1 || +day! > 31 || +hour! > 23 || +minute! > 59 || +second! > 60)
    return undefined;
  const offset = sign === undefined ? 0 : (sign === "-" ? -60 : 60) * (60 * +offsetHours! + +offsetMinutes!);
  const days = daysFromCivil(+year!, +month!, +day!);
  const seconds = days * 86_400 + +hour! * 3600 + +minute! * 60 + +second! - offset;
  return { seconds, micros: fraction === undefined ? 0 : Math.trunc(+`${fraction}000000`.slice(0, 6)) };
}

const two = (value: number): string => (value < 10 ? `0${value}` : `${value}`);

/** RFC 3339 text in UTC of whole seconds since 1970. */
export function formatTime(seconds: number): Time {
  const days = Math.floor(seconds / 86_400);
  const rest = seconds - days * 86_400;
  const date = civilFromDays(days);
  const clock = `${two(Math.floor(rest / 3600))}:${two(Math.floor(rest / 60) % 60)}:${two(rest % 60)}`;
  return `${String(date.year).padStart(4, "0")}-${two(date.month)}-${two(date.day)}T${clock}Z`;
}

/** The civil date of a count of days since 1970-01-01. */
export function civilFromDays(days: number): { readonly year: number; readonly month: number; readonly day: number } {
  const shifted = days + 719_468; // Days since 0000-03-01: leap days come last in such a year.
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day };
}

/** Between virtual microseconds since the start of a run and the API's texts. One per run. */
export class WallClock {
  readonly #startUs: number;
  #lastSecond = Number.NaN;
  #lastText: Time = "";

  /** `startUs`: microseconds since 1970 at virtual instant 0. */
  constructor(startUs: number) {
    this.#startUs = startUs;
  }

  /** Microseconds since 1970 of a virtual instant. */
  epochUs(instantUs: number): number {
    return this.#startUs + instantUs;
  }

  /** API time of a virtual instant: whole seconds, rounded down as upstream does. */
  time(instantUs: number): Time {
    const second = Math.floor((this.#startUs + instantUs) / 1_000_000);
    if (second !== this.#lastSecond) {
      this.#lastSecond = second;
      this.#lastText = formatTime(second);
    }
    return this.#lastText;
  }

  /** MicroTime text (six decimals), as Leases and events.k8s.io use it. */
  microTime(instantUs: number): Time {
    const epochUs = this.#startUs + instantUs;
    const micros = epochUs - Math.floor(epochUs / 1_000_000) * 1_000_000;
    return `${this.time(instantUs).slice(0, -1)}.${String(micros).padStart(6, "0")}Z`;
  }

  /** Virtual instant of an API time, in microseconds; negative before the start of the run. The text must be valid. */
  instantUs(time: Time): number {
    const parsed = parseTime(time);
    if (parsed === undefined) throw new RangeError(`not an RFC 3339 time: ${time}`);
    return parsed.seconds * 1_000_000 + parsed.micros - this.#startUs;
  }
}
