import { z } from "zod";
import { canonicalQuantity, quantityProblem, value as quantityValue } from "../model/index.ts";

const units: Readonly<Record<string, number>> = {
  us: 1,
  µs: 1,
  ms: 1_000,
  s: 1_000_000,
  m: 60_000_000,
  h: 3_600_000_000,
  d: 86_400_000_000,
};

/** Microseconds of `90s`, `1h30m`, `250ms`, `2.5s`, `1d`; undefined when the text is no duration. */
export function parseDuration(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(us|µs|ms|s|m|h|d))+$/.test(text)) return text === "0" ? 0 : undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(us|µs|ms|s|m|h|d)/g))
    total += Number(amount) * units[unit!]!;
  return Math.round(total);
}

/** A problem's code and what was expected travel in the message of a zod issue, and are taken apart by `schema-complaints`. */
const issue = (code: string, expected: string): string => `${code}|${expected}`;

/** `90s`, in microseconds. */
export const duration = z
  .union([z.string(), z.number()])
  .transform((written, context) => {
    const us = parseDuration(String(written));
    if (us !== undefined) return us;
    context.addIssue({ code: "custom", message: issue("BAD_DURATION", 'a duration such as "90s" or "1h30m"') });
    return z.NEVER;
  })
  .describe('A duration: "250ms", "90s", "10m", "1h30m", "1d".');

/** An instant of the run: a clock time of the start's day and zone, or a duration after the start. Resolved by `ScenarioClock`. */
export interface Instant {
  /** After the start. */
  readonly afterUs?: number;
  /** Seconds since midnight, local time of the start. */
  readonly clockSeconds?: number;
}

export const instant = z
  .string()
  .transform((text, context): Instant => {
    const afterUs = parseDuration(text.replace(/^\+/, ""));
    if (afterUs !== undefined) return { afterUs };
    const clock = /^([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?$/.exec(text);
    if (clock !== null) return { clockSeconds: +clock[1]! * 3600 + +clock[2]! * 60 + +(clock[3] ?? 0) };
    context.addIssue({ code: "custom", message: issue("BAD_INSTANT", 'a clock time or a duration such as "90s"') });
    return z.NEVER;
  })
  .describe('An instant: a clock time such as "09:41", or a duration after the start such as "90s".');

/** A Kubernetes quantity, as canonical text. */
export const quantity = z
  .union([z.string(), z.number()])
  .transform((text, context) => {
    if (quantityProblem(String(text)) === undefined) return canonicalQuantity(String(text));
    context.addIssue({ code: "custom", message: issue("BAD_QUANTITY", 'a quantity such as "500m" or "256Mi"') });
    return z.NEVER;
  })
  .describe('A quantity: "500m", "256Mi".');

/** A Kubernetes quantity, as a whole number (bytes). */
export const bytes = z
  .union([z.string(), z.number()])
  .transform((written, context) => {
    const problem = quantityProblem(String(written));
    if (problem === undefined) return quantityValue(String(written));
    context.addIssue({ code: "custom", message: issue("BAD_QUANTITY", 'a quantity such as "256Mi"') });
    return z.NEVER;
  })
  .describe('A quantity of bytes: "210Mi", "2Gi".');

/** A duration, or its median and 95th percentile. */
export const distribution = z
  .union([duration, z.strictObject({ median: duration, p95: duration.optional() })])
  .transform((given) =>
    typeof given === "number" ? { medianUs: given } : { medianUs: given.median, p95Us: given.p95 ?? given.median },
  )
  .describe("A duration, or { median, p95 } of a lognormal one.");

/** `deployment/web`, `statefulset/db`: what a user calls a workload, optionally `namespace/deployment/web`. */
export const workload = z
  .string()
  .regex(/^([a-z0-9-]+\/)?(deployment|statefulset|daemonset|job|cronjob|replicaset|pod)\/[a-z0-9.-]+$/, {
    error: issue("BAD_REFERENCE", 'a workload such as "deployment/web"'),
  })
  .describe('A workload: "deployment/web", "statefulset/db".');

/** `service/web`, optionally `namespace/service/web`. */
export const serviceReference = z
  .string()
  .regex(/^([a-z0-9-]+\/)?service\/[a-z0-9.-]+$/, { error: issue("BAD_REFERENCE", 'a service such as "service/web"') })
  .describe('A service: "service/web".');
