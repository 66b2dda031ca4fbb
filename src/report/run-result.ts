/**
 * Everything a run has to say, without wall clock, versions or paths: the only thing that renderers and `compare` read.
 * Bounded in size whatever the run's length. Times are seconds after the start; money is in millionths of a US dollar.
 */
export interface RunResult {
  readonly schema: "seatrial.io/run-result/v1";
  readonly scenario: string;
  readonly question: string;
  /** Local clock of the start: `2026-03-02T09:00:00-05:00`. */
  readonly start: string;
  readonly durationSeconds: number;
  readonly seed: string;
  /** One for two runs of one scenario under one seed, on every machine. */
  readonly digest: string;
  readonly verdict: "held" | "failed" | "nothing expected";
  readonly expectations: readonly ExpectationResult[];
  readonly services: readonly ServiceResult[];
  readonly workloads: readonly WorkloadResult[];
  readonly incidents: readonly Incident[];
  readonly decisions: readonly Mark[];
  readonly cost: CostResult;
  readonly machines: { readonly least: number; readonly most: number };
  readonly pods: { readonly longestPendingSeconds: number; readonly mostPending: number; readonly restarts: number };
  readonly series: Series;
  readonly violations: readonly Violation[];
  readonly counts: { readonly events: number; readonly writes: number };
  readonly assumptions: readonly string[];
  readonly notSimulated: readonly { readonly kind: string; readonly count: number }[];
}

export interface ExpectationResult {
  readonly text: string;
  readonly held: boolean;
  /** In the measure's own unit, as text: `212 ms`, `99.95 %`; "no data" when nothing was measured. */
  readonly measured: string;
}

/** Requests are attempts; over a run arrived = served + failed + waiting, exactly. */
export interface ServiceResult {
  readonly service: string;
  /** Lives outside the cluster. */
  readonly external: boolean;
  readonly arrived: number;
  readonly served: number;
  readonly refused: number;
  readonly timedOut: number;
  readonly failedCalls: number;
  readonly waiting: number;
  /** Users' requests, retries not counted again; absent when only other services ask. */
  readonly users?: {
    readonly arrived: number;
    readonly served: number;
    readonly failed: number;
    readonly waiting: number;
  };
  /** Share of requests (users', where there are any) that were served, of those decided. */
  readonly availability: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  /** Highest rate of arrivals in one step of the series. */
  readonly peakPerSecond: number;
}

export interface WorkloadResult {
  readonly workload: string;
  readonly namespace: string;
  readonly leastReady: number;
  readonly mostReady: number;
  readonly mostWanted: number;
}

/** What happened after a fault or a rise of load, stage by stage. */
export interface Incident {
  readonly title: string;
  readonly atSeconds: number;
  readonly stages: readonly Stage[];
  /** Until all was as good as before; null: not within the run. */
  readonly recoverySeconds: number | null;
  readonly longestStage: string | null;
  /** Users' requests that failed between the fault and the recovery. */
  readonly failedRequests: number;
}

export interface Stage {
  readonly name: string;
  readonly atSeconds: number;
  /** Since the stage before. */
  readonly tookSeconds: number;
  readonly detail: string;
}

export interface Mark {
  readonly atSeconds: number;
  readonly kind: "fault" | "healed" | "action" | "decision";
  readonly by: string;
  readonly text: string;
}

export interface CostResult {
  readonly microUsd: number;
  readonly machineSeconds: number;
  readonly byPool: readonly { readonly pool: string; readonly microUsd: number; readonly machineSeconds: number }[];
}

/** Equal steps over the run; each array has one value a step. Null: nothing to measure in that step. */
export interface Series {
  readonly stepSeconds: number;
  readonly steps: number;
  readonly services: readonly ServiceSeries[];
  readonly workloads: readonly {
    readonly workload: string;
    readonly wanted: readonly number[];
    readonly ready: readonly number[];
  }[];
  readonly pendingPods: readonly number[];
  readonly machines: { readonly bought: readonly number[]; readonly ready: readonly number[] };
  /** Spent since the start. */
  readonly costMicroUsd: readonly number[];
}

export interface ServiceSeries {
  readonly service: string;
  readonly perSecond: readonly number[];
  readonly failedPerSecond: readonly number[];
  readonly p50Ms: readonly (number | null)[];
  readonly p95Ms: readonly (number | null)[];
  readonly p99Ms: readonly (number | null)[];
}

/** An invariant that did not hold: a mistake of ours, or of an extension. */
export interface Violation {
  readonly invariant: string;
  readonly atSeconds: number;
  readonly detail: string;
}
