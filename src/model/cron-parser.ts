import { DurationError, parseGoDuration } from "./go-duration.ts";

export class CronError extends Error {}

/** Allowed values of one field: `star` when it was written `*` or `?` without a step. */
export interface CronField {
  readonly values: ReadonlySet<number>;
  readonly star: boolean;
}

export interface CronFields {
  readonly minute: CronField;
  readonly hour: CronField;
  readonly dayOfMonth: CronField;
  readonly month: CronField;
  readonly dayOfWeek: CronField;
}

/** A parsed schedule: fields, or a fixed interval (`@every 90s`). `timeZone` is what a `TZ=` in front of it names. */
export interface ParsedCron {
  readonly timeZone?: string;
  readonly fields?: CronFields;
  readonly everySeconds?: number;
}

interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

const minutes: Bounds = { min: 0, max: 59 };
const hours: Bounds = { min: 0, max: 23 };
const daysOfMonth: Bounds = { min: 1, max: 31 };
const months: Bounds = {
  min: 1,
  max: 12,
  names: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
};
const daysOfWeek: Bounds = { min: 0, max: 6, names: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] };

const descriptors: ReadonlyMap<string, string> = new Map([
  ["@yearly", "0 0 1 1 *"],
  ["@annually", "0 0 1 1 *"],
  ["@monthly", "0 0 1 * *"],
  ["@weekly", "0 0 * * 0"],
  ["@daily", "0 0 * * *"],
  ["@midnight", "0 0 * * *"],
  ["@hourly", "0 * * * *"],
]);

/** Parses what robfig/cron's `ParseStandard` accepts; throws `CronError` with its text. Time zones are not looked up here. */
export function parseCron(spec: string): ParsedCron {
  if (spec === "") throw new CronError("empty spec string");
  const zoned = /^(?:TZ|CRON_TZ)=([^ ]*) /.exec(spec);
  const rest = zoned === null ? spec : spec.slice(zoned[0].length - 1).trim();
  const zone = zoned === null ? {} : { timeZone: zoned[1]! };
  if (rest.startsWith("@")) return { ...zone, ...parseDescriptor(rest) };
  return { ...zone, fields: parseFields(rest) };
}

function parseDescriptor(text: string): ParsedCron {
  const fields = descriptors.get(text);
  if (fields !== undefined) return { fields: parseFields(fields) };
  if (!text.startsWith("@every ")) throw new CronError(`unrecognized descriptor: ${text}`);
  try {
    const seconds = Math.trunc(parseGoDuration(text.slice("@every ".length)) / 1e9);
    return { everySeconds: Math.max(1, seconds) };
  } catch (error) {
    if (!(error instanceof DurationError)) throw error;
    throw new CronError(`failed to parse duration ${text}: ${error.message}`);
  }
}

function parseFields(text: string): CronFields {
  const words = text.split(/\s+/).filter((word) => word !== "");
  if (words.length !== 5) {
    throw new CronError(`expected exactly 5 fields, found ${words.length}: [${words.join(" ")}]`);
  }
  return {
    minute: parseField(words[0]!, minutes),
    hour: parseField(words[1]!, hours),
    dayOfMonth: parseField(words[2]!, daysOfMonth),
    month: parseField(words[3]!, months),
    dayOfWeek: parseField(words[4]!, daysOfWeek),
  };
}

function parseField(text: string, bounds: Bounds): CronField {
  const values = new Set<number>();
  let star = false;
  for (const range of text.split(",")) {
    if (range !== "" && addRange(range, bounds, values)) star = true;
  }
  return { values, star };
}

/** `number`, `low-high`, `*`, each with an optional `/step`. Answers whether it was a plain star. */
function addRange(range: string, { min, max, names }: Bounds, values: Set<number>): boolean {
  const [span, step, ...moreSteps] = range.split("/") as [string, ...string[]];
  const [low, high, ...moreHyphens] = span.split("-") as [string, ...string[]];
  let star = low === "*" || low === "?";
  let [start, end] = [min, max];
  if (!star) {
    start = parseNumber(low, names, min);
    end = high === undefined ? start : parseNumber(high, names, min);
    if (moreHyphens.length > 0) throw new CronError(`too many hyphens: ${range}`);
  }
  let stride = 1;
  if (moreSteps.length > 0) throw new CronError(`too many slashes: ${range}`);
  if (step !== undefined) {
    stride = parseNumber(step, undefined, 0);
    if (high === undefined) end = max; // `N/step` means `N-max/step`.
    if (stride > 1) star = false;
  }
  if (start < min) throw new CronError(`beginning of range (${start}) below minimum (${min}): ${range}`);
  if (end > max) throw new CronError(`end of range (${end}) above maximum (${max}): ${range}`);
  if (start > end) throw new CronError(`beginning of range (${start}) beyond end of range (${end}): ${range}`);
  if (stride === 0) throw new CronError(`step of range should be a positive number: ${range}`);
  for (let value = start; value <= end; value += stride) values.add(value);
  return star;
}

function parseNumber(text: string, names: readonly string[] | undefined, first: number): number {
  const named = names?.indexOf(text.toLowerCase()) ?? -1;
  if (named >= 0) return first + named;
  if (!/^[+-]?[0-9]+$/.test(text)) {
    throw new CronError(
      `failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`,
    );
  }
  if (Number(text) < 0) throw new CronError(`negative number (${Number(text)}) not allowed: ${text}`);
  return Number(text);
}
