import { z } from "zod";
import { curve } from "./curve-schema.ts";
import { duration, serviceReference } from "./values.ts";

const target = z
  .string()
  .regex(/^([a-z0-9-]+\/)?(hpa|deployment|statefulset|replicaset)\/[a-z0-9.-]+$|^pool\/[a-z0-9-]+$/, {
    error: 'BAD_REFERENCE|what a policy can size, such as "hpa/web", "deployment/web" or "pool/general"',
  })
  .describe(
    'What is sized: "hpa/web" (its minReplicas), "deployment/web" (its replicas) or "pool/general" (its least size).',
  );

const name = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/)
  .optional();

const hold = z.strictObject({
  target,
  from: z.string().describe('Cron of five fields, when the window opens: "15 9 * * 1-5".'),
  to: z.string().describe("Cron of five fields, when it closes."),
  hold: z.number().int().min(0).describe("Size in the window. Outside all windows: what the manifest says."),
});

const scheduled = z.strictObject({
  scheduled: z.strictObject({
    name: name.describe("Default: scheduled-scaling."),
    timeZone: z.string().default("UTC").describe('IANA name such as "America/New_York".'),
    holds: z.array(hold).min(1).describe("Of several open windows of one target the largest size counts."),
  }),
});

const forecast = z.union([
  z.strictObject({ trend: duration.describe("The straight line through what was read in this time, drawn on.") }),
  z.strictObject({
    period: duration.describe('What was so long ago, such as "1d".'),
    past: curve
      .optional()
      .describe("What to expect while the run is shorter than the period: a curve of the run's own clock."),
  }),
]);

const predictive = z.strictObject({
  predictive: z.strictObject({
    name: name.describe("Default: predictive-scaling."),
    target,
    service: serviceReference,
    metric: z.string().default("requests_per_second").describe("As the metrics adapter names it."),
    perReplica: z.number().positive().describe("How much of the metric one replica (or machine) is for."),
    every: duration.default(30_000_000),
    lookAhead: duration.describe(
      "Room is made for the most that is expected until then: what a new replica takes to serve.",
    ),
    by: forecast,
    least: z.number().int().min(0).default(1),
    most: z.number().int().min(1),
  }),
});

const custom = z.strictObject({
  custom: z.strictObject({
    name: z.string().describe("Of a policy that a module under `extensions` defines."),
    options: z.unknown().optional().describe("Handed to the policy as it stands here."),
  }),
});

/** A way of scaling that looks on its own beat, beside HPA and cluster-autoscaler. */
export const policy = z.union([scheduled, predictive, custom]);

/** A policy as written; references, cron texts and time zones are checked by `resolve-policy`. */
export type PolicyText = z.output<typeof policy>;
