import type { CronSchedule } from "./cron.ts";
import { CronError } from "./cron-parser.ts";

/** What the CronJob controller knows; instants are seconds since 1970. */
export interface CronState {
  readonly createdAt: number;
  readonly lastScheduleAt?: number;
  readonly startingDeadlineSeconds?: number;
}

interface Missed {
  readonly earliest: number;
  readonly mostRecent: number | undefined;
  readonly missed: "none" | "few" | "many";
}

/** What Go's zero time is in seconds since 1970: the answer of a schedule that never comes. */
const zeroTime = -62_135_596_800;
const requeueDeltaSeconds = 0.1;

/** The newest start that is due and not yet made. `tooMany` asks for the Warning TooManyMissedTimes. Throws `CronError`. */
export function dueStart(
  state: CronState,
  now: number,
  schedule: CronSchedule,
): { readonly dueAt: number | undefined; readonly tooMany: boolean } {
  const { mostRecent, missed } = mostRecentStart(state, now, schedule, true);
  return { dueAt: mostRecent, tooMany: mostRecent !== undefined && missed === "many" };
}

/** Seconds until the controller looks at the CronJob again: a tenth of a second after the next start. */
export function requeueAfterSeconds(state: CronState, now: number, schedule: CronSchedule): number {
  const next = nextAfter(schedule, requeueBase(state, now, schedule));
  return next - now + requeueDeltaSeconds;
}

function requeueBase(state: CronState, now: number, schedule: CronSchedule): number {
  try {
    const { earliest, mostRecent, missed } = mostRecentStart(state, now, schedule, false);
    return mostRecent ?? (missed === "none" ? earliest : now);
  } catch (error) {
    if (error instanceof CronError) return now;
    throw error;
  }
}

const nextAfter = (schedule: CronSchedule, after: number): number => schedule.next(after) ?? zeroTime;

function mostRecentStart(state: CronState, now: number, schedule: CronSchedule, withDeadline: boolean): Missed {
  let earliest = state.lastScheduleAt ?? state.createdAt;
  if (withDeadline && state.startingDeadlineSeconds !== undefined) {
    earliest = Math.max(earliest, now - state.startingDeadlineSeconds);
  }
  const first = nextAfter(schedule, earliest);
  const second = nextAfter(schedule, first);
  if (now < first) return { earliest, mostRecent: undefined, missed: "none" };
  if (now < second) return { earliest, mostRecent: first, missed: "none" };
  const interval = Math.round(second - first);
  if (interval < 1) throw new CronError("time difference between two schedules is less than 1 second");
  // The first two starts say how many fit in between; an irregular schedule is walked from just before the last of them.
  const count = Math.floor(Math.trunc(now - first) / interval) + 1;
  let mostRecent: number | undefined;
  for (let at = nextAfter(schedule, first + (count - 2) * interval); at <= now; at = nextAfter(schedule, at)) {
    mostRecent = at;
  }
  return { earliest, mostRecent, missed: count > 100 ? "many" : "few" };
}

/** The Job of one start: `<cronjob>-<minutes since 1970>`. */
export function cronJobJobName(cronJob: string, startAt: number): string {
  return `${cronJob}-${Math.floor(startAt / 60)}`;
}
