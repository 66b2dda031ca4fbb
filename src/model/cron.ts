import { type CronFields, type ParsedCron, parseCron } from "./cron-parser.ts";
import { civilFromDays, daysFromCivil } from "./wall-clock.ts";

/** Minutes that local time is ahead of UTC at an instant (seconds since 1970): what a time zone is, resolved into data. */
export type OffsetMinutesAt = (epochSeconds: number) => number;

/** UTC, and what kube-controller-manager runs in. */
export const utc: OffsetMinutesAt = () => 0;

interface LocalTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly weekday: number;
}

/** When a CronJob is due: robfig/cron's arithmetic, in which hours that clocks skip are skipped and doubled ones come twice. */
export class CronSchedule {
  readonly #parsed: ParsedCron;
  readonly #offsetMinutesAt: OffsetMinutesAt;

  /** `offsetMinutesAt` must be the zone of a `TZ=` prefix, else of the CronJob's `timeZone`. Throws `CronError`. */
  constructor(spec: string | ParsedCron, offsetMinutesAt: OffsetMinutesAt = utc) {
    this.#parsed = typeof spec === "string" ? parseCron(spec) : spec;
    this.#offsetMinutesAt = offsetMinutesAt;
  }

  /** The first due second after an instant (seconds since 1970); `undefined` when there is none within five years. */
  next(afterSeconds: number): number | undefined {
    const { fields, everySeconds } = this.#parsed;
    if (everySeconds !== undefined) return Math.floor(afterSeconds) + everySeconds;
    return this.#nextMatch(fields!, Math.floor(afterSeconds) + 1);
  }

  #nextMatch(fields: CronFields, from: number): number | undefined {
    let at = from;
    let local = this.#local(at);
    let added = false;
    const yearLimit = local.year + 5;
    const set = (seconds: number): void => {
      at = seconds;
      local = this.#local(at);
    };
    wrap: for (;;) {
      if (local.year > yearLimit) return undefined;
      while (!fields.month.values.has(local.month)) {
        if (!added) set(this.#instant(local.year, local.month, 1, 0, 0, 0));
        added = true;
        set(this.#instant(local.year, local.month + 1, local.day, local.hour, local.minute, local.second));
        if (local.month === 1) continue wrap;
      }
      while (!dayMatches(fields, local)) {
        if (!added) set(this.#instant(local.year, local.month, local.day, 0, 0, 0));
        added = true;
        set(this.#instant(local.year, local.month, local.day + 1, local.hour, local.minute, local.second));
        // Midnight may not exist that day, or come twice: go back to the nearest.
        if (local.hour > 12) set(at + (24 - local.hour) * 3600);
        else if (local.hour !== 0) set(at - local.hour * 3600);
        if (local.day === 1) continue wrap;
      }
      while (!fields.hour.values.has(local.hour)) {
        if (!added) set(this.#instant(local.year, local.month, local.day, local.hour, 0, 0));
        added = true;
        set(at + 3600);
        if (local.hour === 0) continue wrap;
      }
      while (!fields.minute.values.has(local.minute)) {
        if (!added) set(Math.floor(at / 60) * 60);
        added = true;
        set(at + 60);
        if (local.minute === 0) continue wrap;
      }
      if (local.second !== 0) {
        added = true;
        set(at + 60 - local.second); // Zones are whole minutes from UTC.
        continue;
      }
      return at;
    }
  }

  #local(epochSeconds: number): LocalTime {
    const shifted = epochSeconds + 60 * this.#offsetMinutesAt(epochSeconds);
    const days = Math.floor(shifted / 86_400);
    const rest = shifted - days * 86_400;
    const clock = { hour: Math.floor(rest / 3600), minute: Math.floor(rest / 60) % 60, second: rest % 60 };
    return { ...civilFromDays(days), ...clock, weekday: (((days + 4) % 7) + 7) % 7 };
  }

  /** Go's `time.Date`: fields may overflow, and a local time that does not exist is taken with one of the offsets around it. */
  #instant(year: number, month: number, day: number, hour: number, minute: number, second: number): number {
    const [years, months] = month > 12 ? [year + 1, month - 12] : [year, month];
    const days = daysFromCivil(years, months, 1) + day - 1;
    const wall = days * 86_400 + hour * 3600 + minute * 60 + second;
    const guess = 60 * this.#offsetMinutesAt(wall);
    return guess === 0 ? wall : wall - 60 * this.#offsetMinutesAt(wall - guess);
  }
}

/** Both restrictions must hold if one of them is a star, else either. */
function dayMatches({ dayOfMonth, dayOfWeek }: CronFields, local: LocalTime): boolean {
  const [day, weekday] = [dayOfMonth.values.has(local.day), dayOfWeek.values.has(local.weekday)];
  return dayOfMonth.star || dayOfWeek.star ? day && weekday : day || weekday;
}
