import type { IntOrString } from "./object-meta.ts";

export class IntOrStringError extends Error {}

/** A count, or its share of `total`: `25%` of 10 is 3 rounded up and 2 rounded down. Throws upstream's text for other strings. */
export function scaledIntOrPercent(value: IntOrString, total: number, roundUp: boolean): number {
  if (typeof value === "number") return value;
  const percent = percentOf(value);
  const share = (percent * total) / 100;
  return roundUp ? Math.ceil(share) + 0 : Math.floor(share);
}

function percentOf(text: string): number {
  if (!text.endsWith("%")) {
    throw new IntOrStringError("invalid value for IntOrString: invalid type: string is not a percentage");
  }
  const digits = text.slice(0, -1);
  if (/^[+-]?[0-9]+$/.test(digits)) return Number(digits);
  const parsing = `strconv.Atoi: parsing ${JSON.stringify(digits)}: invalid syntax`;
  throw new IntOrStringError(`invalid value for IntOrString: invalid value ${JSON.stringify(text)}: ${parsing}`);
}

/** What a rolling update may add and take away, in pods. */
export interface Fenceposts {
  readonly maxSurge: number;
  readonly maxUnavailable: number;
}

/** Surge rounds up, unavailability down; if both come to 0 one pod may be unavailable, or nothing would ever move. */
export function resolveFenceposts(
  maxSurge: IntOrString | undefined,
  maxUnavailable: IntOrString | undefined,
  desired: number,
): Fenceposts {
  const surge = scaledIntOrPercent(maxSurge ?? 0, desired, true);
  const unavailable = scaledIntOrPercent(maxUnavailable ?? 0, desired, false);
  return { maxSurge: surge, maxUnavailable: surge === 0 && unavailable === 0 ? 1 : unavailable };
}

/** A rolling Deployment's bounds: never more unavailable than it has replicas, none when it has none. */
export function deploymentBounds(
  maxSurge: IntOrString | undefined,
  maxUnavailable: IntOrString | undefined,
  replicas: number,
): Fenceposts {
  const resolved = resolveFenceposts(maxSurge, maxUnavailable, replicas);
  return { maxSurge: resolved.maxSurge, maxUnavailable: Math.min(resolved.maxUnavailable, replicas) };
}
