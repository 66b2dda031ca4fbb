import type { OffsetMinutesAt } from "../model/index.ts";

/** Offset of a time zone from UTC since an instant; the last entry holds for ever. */
export interface ZoneOffset {
  readonly fromEpochSeconds: number;
  readonly offsetMinutes: number;
}

const hour = 3600;

/**
 * Offsets of a zone over a stretch of time, read from the machine's tables here at the edge, so that a run asks nobody:
 * Node versions carry different tables. `undefined`: no such zone.
 */
export function zoneOffsets(
  zone: string,
  fromEpochSeconds: number,
  toEpochSeconds: number,
): readonly ZoneOffset[] | undefined {
  const offsetAt = offsetReader(zone);
  if (offsetAt === undefined) return undefined;
  const offsets: ZoneOffset[] = [
    { fromEpochSeconds: Number.NEGATIVE_INFINITY, offsetMinutes: offsetAt(fromEpochSeconds) },
  ];
  for (let seconds = fromEpochSeconds; seconds < toEpochSeconds; seconds += 6 * hour) {
    const before = offsets.at(-1)!.offsetMinutes;
    if (offsetAt(seconds + 6 * hour) === before) continue;
    let [low, high] = [seconds, seconds + 6 * hour];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (offsetAt(middle) === before) low = middle;
      else high = middle;
    }
    offsets.push({ fromEpochSeconds: high, offsetMinutes: offsetAt(high) });
  }
  return offsets;
}

/** The offset that holds at an instant. */
export function offsetMinutesAt(offsets: readonly ZoneOffset[], epochSeconds: number): number {
  return offsets.findLast(({ fromEpochSeconds }) => fromEpochSeconds <= epochSeconds)!.offsetMinutes;
}

/** A scenario's zone by name, as cron schedules read it; `undefined`: it has no such zone. */
export function zoneIn(
  zones: ReadonlyMap<string, readonly ZoneOffset[]>,
  name: string | undefined,
): OffsetMinutesAt | undefined {
  const offsets = name === undefined ? undefined : zones.get(name);
  return offsets && ((epochSeconds) => offsetMinutesAt(offsets, epochSeconds));
}

function offsetReader(zone: string): ((epochSeconds: number) => number) | undefined {
  try {
    const format = new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "longOffset" });
    return (epochSeconds) => {
      const name =
        format.formatToParts(epochSeconds * 1000).find(({ type }) => type === "timeZoneName")?.value ?? "GMT";
      const match = /GMT([+-])(\d\d):(\d\d)/.exec(name);
      return match === null ? 0 : (match[1] === "-" ? -1 : 1) * (60 * Number(match[2]) + Number(match[3]));
    };
  } catch {
    return undefined;
  }
}
