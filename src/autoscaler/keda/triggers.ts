import {
  CronWindow,
  type MetricSpec,
  type MetricsAnswer,
  type MetricsApi,
  type MetricValue,
  milliQuantityText,
  type OffsetMinutesAt,
} from "../../model/index.ts";
import { scaledObjectLabel, type Trigger } from "./scaled-object.ts";

/** What triggers are evaluated with. */
export interface TriggerSources {
  readonly nowUs: number;
  readonly epochSeconds: number;
  /** `undefined`: there is no such zone. */
  readonly offsetsOf: (timeZone: string) => OffsetMinutesAt | undefined;
  /** Prometheus, as the metrics adapter shows it. */
  readonly externalMetrics: MetricsApi["externalMetrics"];
}

/** What a trigger's scaler says: its metric, and whether it is active, which is about 0 or more than 0. */
export interface Activity {
  readonly value: MetricsAnswer<MetricValue>;
  readonly active: boolean;
}

/** The name of the n-th trigger's external metric; `undefined` for cpu and memory, which are the HPA's own. */
export function metricName(trigger: Trigger, index: number): string | undefined {
  switch (trigger.type) {
    case "cron": {
      const { timezone, start, end } = trigger.metadata;
      return `s${index}-${`cron-${timezone}-${cronName(start)}-${cronName(end)}`.replaceAll(/[/.:%()]/g, "-")}`;
    }
    case "prometheus":
      return `s${index}-prometheus`;
    default:
      return undefined;
  }
}

/** The metric that the n-th trigger gives the HPA. External ones are averages over the replicas unless told otherwise. */
export function metricSpec(trigger: Trigger, index: number, scaledObject: string): MetricSpec {
  if (trigger.type === "cpu" || trigger.type === "memory") {
    const { value, containerName: container } = trigger.metadata;
    const target =
      trigger.metricType === "AverageValue"
        ? { type: "AverageValue", averageValue: value }
        : { type: "Utilization", averageUtilization: Number(value) };
    const resource = { name: trigger.type, target };
    return container === undefined
      ? { type: "Resource", resource }
      : { type: "ContainerResource", containerResource: { ...resource, container } };
  }
  const wanted = trigger.type === "prometheus" ? thresholdText(trigger.metadata.threshold) : "1";
  const target =
    trigger.metricType === "Value" ? { type: "Value", value: wanted } : { type: "AverageValue", averageValue: wanted };
  const selector = { matchLabels: { [scaledObjectLabel]: scaledObject } };
  return { type: "External", external: { metric: { name: metricName(trigger, index)!, selector }, target } };
}

/** Asks a trigger's scaler; `undefined` for cpu and memory, which say nothing of 0 or more. */
export function ask(trigger: Trigger, namespace: string, sources: TriggerSources): Activity | undefined {
  switch (trigger.type) {
    case "cron":
      return askCron(trigger.metadata, sources);
    case "prometheus":
      return askPrometheus(trigger.metadata, namespace, sources);
    default:
      return undefined;
  }
}

function askCron(
  { timezone, start, end, desiredReplicas }: Extract<Trigger, { type: "cron" }>["metadata"],
  { nowUs, epochSeconds, offsetsOf }: TriggerSources,
): Activity {
  const offsets = offsetsOf(timezone);
  if (offsets === undefined) return failed(`unable to load timezone: unknown time zone ${timezone}`);
  const active = new CronWindow(start, end, offsets).contains(epochSeconds);
  const milli = active ? Number(desiredReplicas) * 1000 : 0;
  return { value: { ok: true, items: [{ name: "cron", milli, timestampUs: nowUs, windowUs: 0 }] }, active };
}

function askPrometheus(
  { query, activationThreshold = "0" }: Extract<Trigger, { type: "prometheus" }>["metadata"],
  namespace: string,
  { nowUs, externalMetrics }: TriggerSources,
): Activity {
  const series = parseSeries(query);
  if (series === undefined) return failed(`not a series selector: ${query}`);
  const answer = externalMetrics({ namespace, metric: series.metric, selector: { matchLabels: series.labels } });
  if (!answer.ok) return failed(answer.error);
  // No series is 0, unless `ignoreNullValues` is set to "false".
  const milli = answer.items.reduce((sum, item) => sum + item.milli, 0);
  const value = { ok: true, items: [{ name: series.metric, milli, timestampUs: nowUs, windowUs: 0 }] } as const;
  return { value, active: milli > Number(activationThreshold) * 1000 };
}

/** What a series selector names: `metric{label="value"}`, within `sum(…)` or alone; `undefined`: it is more than that. */
export function parseSeries(
  query: string,
): { readonly metric: string; readonly labels: Readonly<Record<string, string>> } | undefined {
  const inner = /^\s*sum\s*\(\s*(.*?)\s*\)\s*$/.exec(query)?.[1] ?? query.trim();
  const match = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{([^{}]*)\})?$/.exec(inner);
  if (match === null) return undefined;
  const labels: Record<string, string> = {};
  for (const part of (match[2] ?? "").split(",").filter((text) => text.trim() !== "")) {
    const label = /^\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"([^"\\]*)"\s*$/.exec(part);
    if (label === null) return undefined;
    labels[label[1]!] = label[2]!;
  }
  return { metric: match[1]!, labels };
}

function failed(error: string): Activity {
  return { value: { ok: false, error }, active: false };
}

function cronName(text: string): string {
  return text.replaceAll(" ", "").replaceAll("*", "x").replaceAll("/", "Sl").replaceAll("?", "Qm");
}

function thresholdText(threshold: string): string {
  return milliQuantityText(Math.trunc(Number(threshold) * 1000), "DecimalSI");
}
