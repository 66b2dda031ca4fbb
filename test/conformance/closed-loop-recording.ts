import type { NewObject } from "../../src/apiserver/index.ts";
import { parseTime, WallClock } from "../../src/model/index.ts";
import type { Row, TimelineAction } from "./timelines-recording.ts";

/** A machine pool of the recording's cloud. Its machines are called `<id>-1`, `<id>-2` … */
export interface RecordedPool {
  readonly id: string;
  readonly initial: number;
  readonly min: number;
  readonly max: number;
  /** From the order to the Node. */
  readonly bootMs: number;
  /** From the Node to its being ready. */
  readonly readyMs: number;
  /** From the deletion call to the loss of power. */
  readonly deleteMs: number;
  /** While orders are refused. */
  readonly outOfCapacityMs?: readonly (readonly [fromMs: number, untilMs: number])[];
}

/** What all pods of a Service together have to do. */
export interface RecordedLoad {
  readonly service: string;
  readonly limitMilli: number;
  /** Piecewise linear; two points at one instant are a jump. */
  readonly demandMilli: readonly (readonly [atMs: number, millicores: number])[];
}

/** One sync of one HorizontalPodAutoscaler. `metrics`: nanocores and window by pod. */
export interface RecordedSync {
  readonly atMs: number;
  readonly current: number;
  readonly scrapeAtMs: number;
  readonly metrics: Readonly<Record<string, readonly [nanocores: number, windowMs: number]>>;
  readonly readyUnreadyMissing: readonly [number, number, number];
  readonly utilization?: number;
  readonly proposal?: number;
  readonly desired: number | null;
  readonly error?: string;
}

/** A decision of the Cluster Autoscaler. */
export interface RecordedCall {
  readonly atMs: number;
  readonly call: "IncreaseSize" | "DeleteNodes" | "DecreaseTargetSize";
  readonly group: string;
  readonly delta?: number;
  readonly nodes?: readonly string[];
}

/** A run of a whole cluster under load. Instants in ms from the start of its clock; closed-loop/README.md has the rest. */
export interface LoopRecording {
  readonly name: string;
  readonly namespace: string;
  readonly flags: Readonly<Record<string, readonly string[]>>;
  readonly priorityExpander?: string;
  readonly startedAt: string;
  readonly endMs: number;
  readonly nodeGroups: readonly RecordedPool[];
  readonly kubelet: {
    readonly defaultsMs: Readonly<Record<string, number | string>>;
    readonly leaseRenewEveryMs: number;
  };
  readonly load: readonly RecordedLoad[];
  readonly nodes: readonly NewObject[];
  readonly actions: readonly TimelineAction[];
  readonly phases: {
    readonly clusterAutoscalerLoopsAtMs: readonly number[];
    readonly metricsScrapesAtMs: readonly number[];
    readonly hpaSyncsAtMs: Readonly<Record<string, readonly number[]>>;
  };
  readonly cloudCalls: readonly RecordedCall[];
  readonly servingColumns: readonly string[];
  readonly serving: readonly (readonly number[])[];
  readonly hpa: Readonly<Record<string, readonly RecordedSync[]>>;
  readonly series: readonly Readonly<Record<string, readonly (number | null)[]> & { readonly atMs: number }>[];
  readonly summary: {
    readonly services: Readonly<Record<string, RecordedSummary>>;
    readonly nodes: readonly (readonly [atMs: number, registered: number, ready: number])[];
  };
  /** How long each call of the external provider took. */
  readonly quality: { readonly providerCallMs: number };
  readonly timeline: readonly Row[];
}

export interface RecordedSummary {
  /** Every write of the HPA to `spec.replicas`. */
  readonly desired: readonly (readonly [atMs: number, replicas: number])[];
  readonly peakReadyAtMs: number;
  /** Every value of `status.readyReplicas`. */
  readonly ready: readonly (readonly [atMs: number, replicas: number])[];
}

/** The wall clock of a simulation in which `startUs` is the recording's 0. */
export function clockOf({ startedAt }: LoopRecording, startUs: number): WallClock {
  const { seconds, micros } = parseTime(startedAt)!;
  return new WallClock(seconds * 1_000_000 + micros - startUs);
}
