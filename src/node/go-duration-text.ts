/** Go's text of a duration, to the millisecond: `2.1s`, `350ms`, `1m20s`. */
export function goDuration(us: number): string {
  const ms = Math.round(us / 1000);
  if (ms < 1000) return ms === 0 ? "0s" : `${ms}ms`;
  const [hours, minutes, rest] = [Math.floor(ms / 3_600_000), Math.floor(ms / 60_000) % 60, (ms % 60_000) / 1000];
  if (hours > 0) return `${hours}h${minutes}m${rest}s`;
  return minutes > 0 ? `${minutes}m${rest}s` : `${rest}s`;
}
