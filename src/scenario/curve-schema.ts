import { z } from "zod";
import { duration, instant } from "./values.ts";

const rate = z.number().min(0).describe("Requests per second.");

const csv = z
  .strictObject({
    csv: z.string().describe("A CSV file with a header line, in the scenario's folder."),
    column: z.string(),
    time: z
      .string()
      .default("t")
      .describe('Column of seconds after `from`. Default "t"; without it rows are `every` apart.'),
    every: duration.optional().describe("Distance of rows when there is no time column."),
    from: instant.optional().describe("Instant of time 0 in the file. Default: the start of the run."),
    base: z.number().default(0).describe("Added to every value, after `scale`."),
    scale: z.number().default(1),
    between: z.enum(["hold", "linear"]).default("hold"),
  })
  .describe("Samples from a file: base + scale · column.");

const steps = z.strictObject({
  steps: z
    .array(z.strictObject({ at: instant, rate }))
    .min(1)
    .describe("Each rate holds until the next instant."),
});

const ramp = z.strictObject({
  ramp: z.strictObject({ from: rate, to: rate, start: instant, end: instant }),
});

const sine = z.strictObject({
  sine: z.strictObject({
    mean: rate,
    amplitude: rate,
    period: duration.default(86_400_000_000),
    peak: instant.describe("When it is highest."),
  }),
});

const decay = z
  .strictObject({
    decay: z.strictObject({ at: instant, before: rate, peak: rate, towards: rate, timeConstant: duration }),
  })
  .describe("A jump that fades exponentially.");

/** Requests per second over time, as written. */
export type CurveText =
  | number
  | z.output<typeof csv>
  | z.output<typeof steps>
  | z.output<typeof ramp>
  | z.output<typeof sine>
  | z.output<typeof decay>
  | { readonly sum: readonly CurveText[] }
  | { readonly product: readonly CurveText[] };

export const curve: z.ZodType<CurveText, unknown> = z.lazy(() =>
  z.union([
    rate,
    csv,
    steps,
    ramp,
    sine,
    decay,
    z.strictObject({ sum: z.array(curve).min(1) }),
    z.strictObject({ product: z.array(curve).min(1) }),
  ]),
);
