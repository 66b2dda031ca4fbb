import { nameOf, namespaceOf, type ObjectKey } from "../../model/index.ts";
import { type ForecastOptions, forecast, forgetOld, type Reading } from "./forecast.ts";
import type { Policy, Seen } from "./policy.ts";
import { orderOf, type ScalingTarget, sizeNow } from "./scaling-target.ts";

export interface PredictiveOptions extends ForecastOptions {
  readonly name: string;
  readonly target: ScalingTarget;
  /** Whose metric is read: `namespace/name` of a Service. */
  readonly service: ObjectKey;
  /** As the metrics adapter names it, such as `requests_per_second`. */
  readonly metric: string;
  /** How much of the metric one replica, or one machine, is for. Positive. */
  readonly perReplica: number;
  readonly least: number;
  readonly most: number;
}

/**
 * Predictive scaling: reads a metric on its beat, and makes room for the most that it expects between now and
 * `lookAheadUs` from now; never for less load than there is now.
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
      forgetOld(options, readings, seen.nowUs);
      const expected = Math.max(value, forecast(options, readings, seen.nowUs));
      const size = Math.min(most, Math.max(least, Math.ceil(expected / perReplica)));
      return { orders: sizeNow(seen, target) === size ? [] : [orderOf(target, size)] };
    },
  };
}

function readMetric({ metrics }: Seen, { service, metric }: PredictiveOptions): number | undefined {
  const selector = { matchLabels: { service: nameOf(service) } };
  const answer = metrics.externalMetrics({ namespace: namespaceOf(service), metric, selector });
  const [series] = answer.ok ? answer.items : [];
  return series && series.milli / 1000;
}
