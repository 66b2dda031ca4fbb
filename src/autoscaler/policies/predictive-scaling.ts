import { nameOf, namespaceOf, type ObjectKey } from "../../model/index.ts";
import type { Policy, Seen } from "./policy.ts";
import { orderOf, type ScalingTarget } from "./scheduled-scaling.ts";

/** A figure that was read, and when. */
export interface Reading {
  readonly atUs: number;
  readonly value: number;
}

/** How the future is guessed. Durations in virtual microseconds. */
export type Forecast =
  /** The straight line through the readings of the last `windowUs`, drawn on. */
  | { readonly by: "trend"; readonly windowUs: number }
  /** What was one period ago: own readings, and before there are any what `past` says it was. */
  | { readonly by: "period"; readonly periodUs: number; readonly past?: (atUs: number) => number };

export interface PredictiveOptions {
  readonly name: string;
  readonly target: ScalingTarget;
  /** Whose metric is read: `namespace/name` of a Service. */
  readonly service: ObjectKey;
  /** As the metrics adapter names it, such as `requests_per_second`. */
  readonly metric: string;
  /** How much of the metric one replica, or one machine, is for. Positive. */
  readonly perReplica: number;
  readonly everyUs: number;
  readonly lookAheadUs: number;
  readonly forecast: Forecast;
  readonly least: number;
  readonly most: number;
}

/**
 * Predictive scaling: reads a metric on its beat, and makes room for the most that it expects between now and
 * `lookAheadUs` from now; never for less than is there already.
 */
export function predictiveScaling(options: PredictiveOptions): Policy<Reading[]> {
  const { name, target, everyUs, perReplica, least, most } = options;
  return {
    name,
    everyUs,
    asksProvider: target.kind === "pool",
    memory: () => [],
    decide(seen, readings) {
      const value = readMetric(seen, options);
      if (value === undefined) return { orders: [] };
      readings.push({ atUs: seen.nowUs, value });
      forget(readings, seen.nowUs - keptUs(options));
      const expected = Math.max(value, forecast(options, readings, seen.nowUs));
      const size = Math.min(most, Math.max(least, Math.ceil(expected / perReplica)));
      return { orders: sizeNow(seen, target) === size ? [] : [orderOf(target, size)] };
    },
  };
}

/** The size that an order would change; `undefined` where nobody knows it. */
function sizeNow({ view, pools }: Seen, target: ScalingTarget): number | undefined {
  switch (target.kind) {
    case "hpa":
      return view.get("HorizontalPodAutoscaler", target.key)?.spec.minReplicas;
    case "workload":
      return (view.get(target.workload, target.key) as { readonly spec: { readonly replicas?: number } } | undefined)
        ?.spec.replicas;
    case "pool":
      return pools.find(({ name }) => name === target.pool)?.min;
  }
}

function readMetric({ metrics }: Seen, { service, metric }: PredictiveOptions): number | undefined {
  const selector = { matchLabels: { service: nameOf(service) } };
  const answer = metrics.externalMetrics({ namespace: namespaceOf(service), metric, selector });
  const [series] = answer.ok ? answer.items : [];
  return series && series.milli / 1000;
}

/** The most that is expected from now to the look-ahead, in the metric's unit; 0 where nothing can be said. */
export function forecast(
  { forecast: how, lookAheadUs, everyUs }: Pick<PredictiveOptions, "forecast" | "lookAheadUs" | "everyUs">,
  readings: readonly Reading[],
  nowUs: number,
): number {
  if (how.by === "trend") return lineThrough(readings, nowUs + lookAheadUs) ?? 0;
  const { periodUs, past } = how;
  const [fromUs, toUs] = [nowUs - periodUs, nowUs + lookAheadUs - periodUs];
  let most = 0;
  for (const { atUs, value } of readings) if (atUs >= fromUs && atUs <= toUs) most = Math.max(most, value);
  if (past !== undefined && (readings[0]?.atUs ?? nowUs) > fromUs)
    for (let atUs = nowUs; atUs <= nowUs + lookAheadUs; atUs += everyUs) most = Math.max(most, past(atUs));
  return most;
}

/** Least squares over the readings, taken at an instant; `undefined` with fewer than two instants. */
function lineThrough(readings: readonly Reading[], atUs: number): number | undefined {
  const count = readings.length;
  const [first] = readings;
  if (first === undefined) return undefined;
  let [times, values, squares, products] = [0, 0, 0, 0];
  for (const reading of readings) {
    const seconds = (reading.atUs - first.atUs) / 1_000_000;
    times += seconds;
    values += reading.value;
    squares += seconds * seconds;
    products += seconds * reading.value;
  }
  const spread = count * squares - times * times;
  if (spread === 0) return undefined;
  const slope = (count * products - times * values) / spread;
  return (values - slope * times) / count + slope * ((atUs - first.atUs) / 1_000_000);
}

function keptUs({ forecast: how, everyUs }: PredictiveOptions): number {
  return how.by === "trend" ? how.windowUs : how.periodUs + everyUs;
}

function forget(readings: Reading[], beforeUs: number): void {
  const kept = readings.findIndex(({ atUs }) => atUs >= beforeUs);
  if (kept > 0) readings.splice(0, kept);
}
