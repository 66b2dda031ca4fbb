import {
  CronError,
  CronSchedule,
  cronJobJobName,
  dueStart,
  formatTime,
  type OffsetMinutesAt,
  parseCron,
  parseTime,
  requeueAfterSeconds,
  utc,
} from "../../src/model/index.ts";
import { type CaseResult, firstDifference, type Recordings } from "./area.ts";
import { type RecordedLine, replayLines } from "./machinery-replay.ts";

interface CronLine extends RecordedLine {
  readonly schedule: string;
  readonly timeZone?: string;
  readonly from: string;
  readonly now: string;
  readonly created: string;
  readonly lastScheduleTime: string | null;
  readonly startingDeadlineSeconds: number | null;
  readonly next?: readonly string[];
  readonly error?: string;
}

export function cron(recordings: Recordings): Iterable<CaseResult> {
  return replayLines<CronLine>(recordings, "cron", (line) => {
    const { id, op, schedule, timeZone, from, now, created, lastScheduleTime, startingDeadlineSeconds, ...rest } = line;
    const { nextLocal, ...expected } = rest as typeof rest & { readonly nextLocal?: unknown };
    return firstDifference(expected, answer(line));
  });
}

function answer(line: CronLine): unknown {
  try {
    const parsed = parseCron(line.schedule);
    const schedule = new CronSchedule(parsed, zone(parsed.timeZone ?? line.timeZone));
    return line.op === "due" ? due(line, schedule) : { next: nextTimes(schedule, line) };
  } catch (error) {
    if (!(error instanceof CronError)) throw error;
    return { ...(line.op === "due" && { due: null }), error: error.message };
  }
}

function nextTimes(schedule: CronSchedule, { from, next }: CronLine): unknown {
  const times: string[] = [];
  let at: number | undefined = seconds(from);
  for (let index = 0; index < (next?.length ?? 8); index++) {
    at = at === undefined ? undefined : schedule.next(at);
    if (at !== undefined) times.push(formatTime(at));
  }
  return times;
}

function due(line: CronLine, schedule: CronSchedule): unknown {
  const state = {
    createdAt: seconds(line.created),
    ...(line.lastScheduleTime !== null && { lastScheduleAt: seconds(line.lastScheduleTime) }),
    ...(line.startingDeadlineSeconds !== null && { startingDeadlineSeconds: line.startingDeadlineSeconds }),
  };
  const now = seconds(line.now);
  const { dueAt, tooMany } = dueStart(state, now, schedule);
  const requeueAfterMs = Math.round(1000 * requeueAfterSeconds(state, now, schedule));
  if (dueAt === undefined) return { due: null, requeueAfterMs };
  const time = formatTime(dueAt);
  return {
    due: time,
    requeueAfterMs,
    jobName: cronJobJobName("cj", dueAt),
    jobAnnotations: { "batch.kubernetes.io/cronjob-scheduled-timestamp": time },
    ...(tooMany && {
      events: [
        "Warning TooManyMissedTimes too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew",
      ],
    }),
  };
}

function seconds(time: string): number {
  const parsed = parseTime(time)!;
  return parsed.seconds + parsed.micros / 1e6;
}

/** Offsets from this Node's tables: only the test does so, a run gets them as data. */
function zone(name: string | undefined): OffsetMinutesAt {
  if (name === undefined) return utc;
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat("en-US", { timeZone: name, timeZoneName: "longOffset" });
  } catch {
    throw new CronError(`provided bad location ${name}: unknown time zone ${name}`);
  }
  return (epochSeconds) => {
    const parts = format.formatToParts(new Date(epochSeconds * 1000));
    const text = parts.find(({ type }) => type === "timeZoneName")!.value;
    const match = /^GMT(?:([+-])(\d\d):(\d\d))?/.exec(text)!;
    if (match[1] === undefined) return 0;
    return (match[1] === "-" ? -1 : 1) * (60 * Number(match[2]) + Number(match[3]));
  };
}
