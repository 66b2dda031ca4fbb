import { civilFromDays, formatTime, type OffsetMinutesAt } from "../../model/index.ts";

const two = (value: number): string => `${value}`.padStart(2, "0");

function offsetText(minutes: number, colon: string): string {
  const size = Math.abs(minutes);
  return `${minutes < 0 ? "-" : "+"}${two(Math.floor(size / 60))}${colon}${two(size % 60)}`;
}

/** `2026-03-29T02:30:00+02:00`, or with `Z` where the zone is UTC. */
export function rfc3339Time(seconds: number, zone: OffsetMinutesAt): string {
  const minutes = zone(seconds);
  if (minutes === 0) return formatTime(seconds);
  return formatTime(seconds + 60 * minutes).replace("Z", offsetText(minutes, ":"));
}

const weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Go's RFC1123Z: `Mon, 02 Jan 2006 15:04:05 -0700`. */
export function rfc1123Time(seconds: number, zone: OffsetMinutesAt): string {
  const minutes = zone(seconds);
  const local = seconds + 60 * minutes;
  const days = Math.floor(local / 86_400);
  const { year, month, day } = civilFromDays(days);
  const weekday = weekdays[(((days + 4) % 7) + 7) % 7];
  const clock = formatTime(local).slice(11, 19);
  return `${weekday}, ${two(day)} ${months[month - 1]} ${year} ${clock} ${offsetText(minutes, "")}`;
}
