import type { Situation, Tolerances } from "../../src/controllers/horizontal-pod-autoscaler/replica-calculator.ts";
import {
  replicasFromExternal,
  replicasFromObject,
  replicasFromPods,
  replicasFromResource,
} from "../../src/controllers/horizontal-pod-autoscaler/replicas-from-metrics.ts";
import { SelectedPods } from "../../src/controllers/horizontal-pod-autoscaler/selected-pods.ts";
import {
  type CrossVersionObjectReference,
  compileLabelSelectorString,
  type LabelSelector,
  type MetricsAnswer,
  type MetricValue,
  milliValue,
  type Pod,
  type PodUsage,
  parseTime,
} from "../../src/model/index.ts";
import { type CaseResult, firstDifference, type Recordings } from "./area.ts";
import { containerUsage, int64, replayNamed, wholePod } from "./hpa-recorded.ts";

interface CalculatorLine {
  readonly name: string;
  readonly group: string;
  readonly call: string;
  readonly args: {
    readonly namespace: string;
    readonly selector?: string;
    readonly container: string;
    readonly resource: string;
    readonly metricName: string;
    readonly metricSelector?: LabelSelector | null;
    readonly objectRef: CrossVersionObjectReference;
    readonly currentReplicas: number;
    readonly statusReplicas: number;
    readonly targetUtilization: number;
    readonly targetUsage: number;
    readonly targetAverageUsage: number;
    readonly targetUsagePerPod: number;
    readonly toleranceScaleDown: number;
    readonly toleranceScaleUp: number;
    readonly cpuInitializationPeriodMs?: number;
    readonly initialReadinessDelayMs?: number;
  };
  readonly now: string;
  readonly pods: readonly Pod[];
  readonly metricsResponse: {
    readonly podMetrics?: readonly {
      readonly pod: string;
      readonly timestamp: string;
      readonly windowSeconds: number;
      readonly containers?: readonly { readonly name: string; readonly usage: Readonly<Record<string, string>> }[];
    }[];
    readonly podValues?: readonly {
      readonly pod: string;
      readonly timestamp: string;
      readonly windowSeconds?: number;
      readonly value: string;
    }[];
    readonly objectValue?: string;
    readonly externalValues?: readonly string[];
    readonly error?: string;
  };
  readonly out: Readonly<Record<string, unknown>>;
}

const instantUs = (time: string): number => {
  const { seconds, micros } = parseTime(time)!;
  return seconds * 1_000_000 + micros;
};

/** Single calls of the replica calculator. */
export function replicaCalculator(recordings: Recordings): Iterable<CaseResult> {
  return replayNamed<CalculatorLine>(
    recordings,
    "replica-calculator.jsonl",
    ({ group }) => `replica-calculator/${group}`,
    (line) => {
      const answer = calculated(line);
      const { error } = line.out;
      const wanted = error === undefined || error === "" ? omit(line.out, "error") : line.out;
      return firstDifference(wanted, answer);
    },
  );
}

function calculated(line: CalculatorLine): unknown {
  const { args, call } = line;
  const tolerances: Tolerances = { down: args.toleranceScaleDown, up: args.toleranceScaleUp };
  const situation: Situation = {
    tolerances,
    windows: {
      cpuInitializationUs: (args.cpuInitializationPeriodMs ?? 0) * 1000,
      initialReadinessUs: (args.initialReadinessDelayMs ?? 0) * 1000,
    },
    nowUs: instantUs(line.now),
  };
  const selector = args.selector === undefined ? undefined : compileLabelSelectorString(args.selector);
  const selected = line.pods
    .filter(({ metadata }) => metadata.namespace === args.namespace && selector?.matches(metadata.labels) === true)
    .sort((left, right) => (left.metadata.name < right.metadata.name ? -1 : 1))
    .map(wholePod);
  const pods = (): SelectedPods => new SelectedPods(selected, instantUs);
  const query = {
    metric: args.metricName,
    namespace: args.namespace,
    selector: args.metricSelector ?? undefined,
  };
  const counts = { specReplicas: args.currentReplicas, statusReplicas: args.statusReplicas };
  const result = (() => {
    switch (call) {
      case "GetResourceReplicas":
      case "GetRawResourceReplicas": {
        const target =
          call === "GetResourceReplicas"
            ? { utilizationPercent: args.targetUtilization }
            : { averageMilli: args.targetUsage };
        return replicasFromResource(usageOf(line), args, target, args.currentReplicas, pods, situation);
      }
      case "GetMetricReplicas": {
        const target = { averageMilli: args.targetUsage };
        return replicasFromPods(valuesOf(line), query, target, args.currentReplicas, pods, situation);
      }
      case "GetObjectMetricReplicas": {
        const target = { valueMilli: args.targetUsage };
        return replicasFromObject(valuesOf(line), query, args.objectRef, target, counts, pods, tolerances);
      }
      case "GetObjectPerPodMetricReplicas": {
        const target = { averageMilli: args.targetAverageUsage };
        return replicasFromObject(valuesOf(line), query, args.objectRef, target, counts, pods, tolerances);
      }
      case "GetExternalMetricReplicas": {
        const target = { valueMilli: args.targetUsage };
        return replicasFromExternal(valuesOf(line), query, target, counts, pods, tolerances);
      }
      case "GetExternalPerPodMetricReplicas": {
        const target = { averageMilli: args.targetUsagePerPod };
        return replicasFromExternal(valuesOf(line), query, target, counts, pods, tolerances);
      }
      default:
        throw new Error(`unknown call ${call}`);
    }
  })();
  const failed = "error" in result;
  const usage = int64(result.usageMilli ?? 0);
  const numbers = { replicas: failed ? 0 : result.replicas };
  const error = failed && { error: result.error };
  if (call !== "GetResourceReplicas") return { ...numbers, usage, ...error };
  return { ...numbers, utilization: failed ? 0 : result.utilization, rawUtilization: usage, ...error };
}

function usageOf({ metricsResponse: { error, podMetrics = [] } }: CalculatorLine): MetricsAnswer<PodUsage> {
  if (error !== undefined) return { ok: false, error };
  const items = podMetrics.map(({ pod, timestamp, windowSeconds, containers = [] }) => ({
    pod,
    timestampUs: instantUs(timestamp),
    windowUs: windowSeconds * 1_000_000,
    containers: containers.map(({ name, usage }) => containerUsage(name, usage)),
  }));
  return { ok: true, items };
}

function valuesOf({ metricsResponse }: CalculatorLine): MetricsAnswer<MetricValue> {
  const { error, podValues, objectValue, externalValues = [] } = metricsResponse;
  if (error !== undefined) return { ok: false, error };
  if (podValues !== undefined) {
    const items = podValues.map(({ pod, value, timestamp, windowSeconds = 60 }) => ({
      name: pod,
      milli: milliValue(value),
      timestampUs: instantUs(timestamp),
      windowUs: windowSeconds * 1_000_000,
    }));
    return { ok: true, items };
  }
  const values = objectValue === undefined ? externalValues : [objectValue];
  return {
    ok: true,
    items: values.map((value) => ({ name: "", milli: milliValue(value), timestampUs: 0, windowUs: 0 })),
  };
}

function omit(fields: Readonly<Record<string, unknown>>, field: string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => name !== field));
}
