import { parseTime } from "../model/index.ts";
import type { Scenario } from "./scenario.ts";
import { type Instant, instant } from "./values.ts";

/** Turns written instants into virtual microseconds: the start stands at `warmUpUs`, clock times are of the start's zone. */
export class ScenarioClock {
  readonly warmUpUs: number;
  readonly durationUs: number;
  readonly startEpochUs: number;
  readonly utcOffsetMinutes: number;
  readonly #startOfDaySeconds: number;

  /** `start` is RFC 3339 with an offset; check with `parseTime` first. */
  constructor(start: string, durationUs: number, warmUpUs: number) {
    const { seconds, micros } = parseTime(start)!;
    const zone = /([+-])(\d\d):(\d\d)$/.exec(start);
    this.utcOffsetMinutes = zone === null ? 0 : (zone[1] === "-" ? -1 : 1) * (60 * Number(zone[2]) + Number(zone[3]));
    this.startEpochUs = seconds * 1_000_000 + micros;
    this.warmUpUs = warmUpUs;
    this.durationUs = durationUs;
    const localSeconds = seconds + this.utcOffsetMinutes * 60;
    this.#startOfDaySeconds = localSeconds - Math.floor(localSeconds / 86_400) * 86_400;
  }

  /** A clock time before the start's is the next day's. */
  resolve({ afterUs, clockSeconds }: Instant): number {
    if (clockSeconds === undefined) return this.warmUpUs + (afterUs ?? 0);
    const after = clockSeconds - this.#startOfDaySeconds;
    return this.warmUpUs + (after < 0 ? after + 86_400 : after) * 1_000_000;
  }

  get endUs(): number {
    return this.warmUpUs + this.durationUs;
  }
}

/** Virtual microseconds of `09:41:30` or `90s` in a scenario; undefined when the text is neither. */
export function parseInstant(
  text: string,
  scenario: Pick<Scenario, "warmUpUs" | "durationUs" | "startEpochUs" | "utcOffsetMinutes">,
): number | undefined {
  const parsed = instant.safeParse(text);
  if (!parsed.success) return undefined;
  const { afterUs, clockSeconds } = parsed.data;
  if (clockSeconds === undefined) return scenario.warmUpUs + (afterUs ?? 0);
  const local = Math.floor(scenario.startEpochUs / 1_000_000) + scenario.utcOffsetMinutes * 60;
  const startOfDay = local - Math.floor(local / 86_400) * 86_400;
  const after = clockSeconds - startOfDay;
  return scenario.warmUpUs + (after < 0 ? after + 86_400 : after) * 1_000_000;
}
