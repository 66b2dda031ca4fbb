import { z } from "zod";

const count = z.number().int().min(0);
const seconds = z.number().describe("Seconds after the start.");
const microUsd = count.describe("Millionths of a US dollar.");
const list = <T extends z.ZodType>(item: T): z.ZodReadonly<z.ZodArray<T>> => z.array(item).readonly();
const record = <Shape extends z.core.$ZodLooseShape>(shape: Shape) => z.strictObject(shape).readonly();

const expectationResult = record({
  text: z.string(),
  held: z.boolean(),
  measured: z.string().describe('With its unit: "212 ms", "99.95 %"; "no data" when nothing was measured.'),
});

const serviceResult = record({
  service: z.string(),
  external: z.boolean().describe("Lives outside the cluster."),
  arrived: count,
  served: count,
  refused: count,
  timedOut: count,
  failedCalls: count,
  waiting: count,
  users: record({ arrived: count, served: count, failed: count, waiting: count })
    .optional()
    .describe("Users' requests, retries not counted again; absent when only other services ask."),
  availability: z
    .number()
    .describe("Share of requests (users', where there are any) that were served, of those decided."),
  p50Ms: z.number(),
  p95Ms: z.number(),
  p99Ms: z.number(),
  peakPerSecond: z.number().describe("Highest rate of arrivals in one step of the series."),
}).describe("Requests are attempts; over a run arrived = served + failed + waiting, exactly.");

const workloadResult = record({
  workload: z.string(),
  namespace: z.string(),
  leastReady: count,
  mostReady: count,
  mostWanted: count,
  resizes: count.describe("How often another number of replicas was wanted."),
  turns: count.describe("How many of those went the other way than the one before: more than a few are flapping."),
});

const stage = record({
  name: z.string(),
  atSeconds: seconds,
  tookSeconds: z.number().describe("Since the stage before."),
  detail: z.string(),
});

const incident = record({
  title: z.string(),
  atSeconds: seconds,
  stages: list(stage),
  recoverySeconds: z.number().nullable().describe("Until all was as good as before; null: not within the run."),
  longestStage: z.string().nullable(),
  failedRequests: count.describe("Users' requests that failed between the fault and the recovery."),
}).describe("What happened after a fault or a rise of load, stage by stage.");

const mark = record({
  atSeconds: seconds,
  kind: z.enum(["fault", "healed", "action", "decision"]),
  by: z.string(),
  text: z.string(),
});

const serviceSeries = record({
  service: z.string(),
  perSecond: list(z.number()),
  failedPerSecond: list(z.number()),
  p50Ms: list(z.number().nullable()),
  p95Ms: list(z.number().nullable()),
  p99Ms: list(z.number().nullable()),
});

const series = record({
  stepSeconds: z.number(),
  steps: count,
  services: list(serviceSeries),
  workloads: list(record({ workload: z.string(), wanted: list(z.number()), ready: list(z.number()) })),
  pendingPods: list(z.number()),
  machines: record({ bought: list(z.number()), ready: list(z.number()) }),
  costMicroUsd: list(z.number()).describe("Spent since the start."),
}).describe("Equal steps over the run; each array has one value a step. Null: nothing to measure in that step.");

const cost = record({
  microUsd,
  machineSeconds: count,
  byPool: list(record({ pool: z.string(), microUsd, machineSeconds: count })),
  items: list(record({ item: z.string(), microUsd }))
    .optional()
    .describe("What else prices were declared for."),
});

const violation = record({ invariant: z.string(), atSeconds: seconds, detail: z.string() });

/**
 * Everything a run has to say, without wall clock, versions or paths: the only thing that renderers and `compare` read.
 * Bounded in size whatever the run's length.
 */
export const runResultSchema = record({
  schema: z.literal("seatrial.io/run-result/v1"),
  scenario: z.string(),
  question: z.string(),
  start: z.string().describe('Local clock of the start: "2026-03-02T09:00:00-05:00".'),
  durationSeconds: z.number(),
  seed: z.string(),
  digest: z.string().describe("One for two runs of one scenario under one seed, on every machine."),
  verdict: z.enum(["held", "failed", "nothing expected"]),
  expectations: list(expectationResult),
  services: list(serviceResult),
  workloads: list(workloadResult),
  incidents: list(incident),
  decisions: list(mark),
  cost,
  machines: record({ least: count, most: count }),
  pods: record({ longestPendingSeconds: z.number(), mostPending: count, restarts: count }),
  series,
  violations: list(violation).describe("Invariants that did not hold: a mistake of ours, or of an extension."),
  counts: record({ events: count, writes: count }),
  assumptions: list(z.string()),
  notSimulated: list(record({ kind: z.string(), count })),
});

export type RunResult = z.output<typeof runResultSchema>;
export type ExpectationResult = z.output<typeof expectationResult>;
export type ServiceResult = z.output<typeof serviceResult>;
export type WorkloadResult = z.output<typeof workloadResult>;
export type Incident = z.output<typeof incident>;
export type Stage = z.output<typeof stage>;
export type Mark = z.output<typeof mark>;
export type CostResult = z.output<typeof cost>;
export type ServiceSeries = z.output<typeof serviceSeries>;
export type Violation = z.output<typeof violation>;

/** The JSON Schema of a result. */
export function runResultJsonSchema(): object {
  return z.toJSONSchema(runResultSchema);
}
