import type { View } from "../../client/index.ts";
import {
  type MetricQuery,
  type MetricsAnswer,
  type MetricsApi,
  type MetricValue,
  milliValue,
  type OffsetMinutesAt,
  objectKey,
} from "../../model/index.ts";
import { fallbackAnswer, type TriggerFailures } from "./fallback.ts";
import { type ScaledObject, scaledObjectLabel, targetReplicas } from "./scaled-object.ts";
import { ask, metricName, metricSpec, type TriggerSources } from "./triggers.ts";

export interface KedaSources {
  readonly offsetsOf: (timeZone: string) => OffsetMinutesAt | undefined;
  /** Prometheus behind its adapter, as the `prometheus` trigger's server. */
  readonly prometheus: Pick<MetricsApi, "externalMetrics">;
}

/** The metrics server of KEDA: answers the HPAs that KEDA made; `undefined` where the question is about something else. */
export function kedaMetrics(
  view: View,
  sources: KedaSources,
  failures: TriggerFailures,
): (query: MetricQuery) => MetricsAnswer<MetricValue> | undefined {
  return ({ namespace, metric, selector }) => {
    const name = selector?.matchLabels?.[scaledObjectLabel];
    if (name === undefined) return undefined;
    const key = objectKey(namespace, name);
    const scaledObject = view.get("ScaledObject", key) as ScaledObject | undefined;
    const triggers = scaledObject?.spec.triggers ?? [];
    const index = triggers.findIndex((own, at) => metricName(own, at) === metric);
    if (scaledObject === undefined || index < 0) return { ok: false, error: `no matching metrics found for ${metric}` };
    const answer = ask(triggers[index]!, namespace, triggerSources(view, sources))!.value;
    const failed = failures.note(key, metric, answer.ok);
    const { fallback } = scaledObject.spec;
    const target = metricSpec(triggers[index]!, index, name).external?.target.averageValue;
    if (fallback === undefined || target === undefined || failed <= fallback.failureThreshold) return answer;
    return fallbackAnswer(fallback, targetReplicas(scaledObject, view) ?? 1, milliValue(target) / 1000, view.nowUs);
  };
}

/** What triggers are asked with, now. */
export function triggerSources({ nowUs, clock }: View, { offsetsOf, prometheus }: KedaSources): TriggerSources {
  return {
    nowUs,
    epochSeconds: Math.floor(clock.epochUs(nowUs) / 1_000_000),
    offsetsOf,
    externalMetrics: (query) => prometheus.externalMetrics(query),
  };
}
