import type { ContainerUsage, MetricValue, PodUsage } from "../../model/index.ts";
import type { SelectedPods } from "./selected-pods.ts";

/** A metric of pods, in thousandths of its unit, in the order of the selected pods. */
export interface PodMetrics {
  /** NaN: none. */
  readonly milli: number[];
  /** Where the window of the metric begins. */
  readonly sinceUs: number[];
  /** Of pods that the cache does not have. */
  readonly others: number[];
}

/**
 * Usage of a resource by pod: summed over the containers, or of one container. A pod in which a container was not
 * measured is left out. Each container's usage is rounded up to thousandths first, as `MilliValue()` does.
 */
export function resourceMetrics(
  items: readonly PodUsage[],
  pods: SelectedPods,
  resource: string,
  container: string,
): PodMetrics {
  const metrics = noMetricsOf(pods);
  let near = 0;
  for (const { pod, timestampUs, windowUs, containers } of items) {
    const milli = container === "" ? sumOf(containers, resource) : usageOf(containers, resource, container);
    if (milli !== undefined) near = put(metrics, pods, near, pod, milli, timestampUs - windowUs);
  }
  return metrics;
}

export function customMetrics(items: readonly MetricValue[], pods: SelectedPods): PodMetrics {
  const metrics = noMetricsOf(pods);
  let near = 0;
  for (const { name, milli, timestampUs, windowUs } of items) {
    near = put(metrics, pods, near, name, milli, timestampUs - windowUs);
  }
  return metrics;
}

function noMetricsOf({ length }: SelectedPods): PodMetrics {
  return { milli: new Array<number>(length).fill(Number.NaN), sinceUs: new Array<number>(length).fill(0), others: [] };
}

/** Says where the next one probably is. */
function put(
  { milli, sinceUs, others }: PodMetrics,
  pods: SelectedPods,
  near: number,
  name: string,
  value: number,
  fromUs: number,
): number {
  const index = pods.indexOf(name, near);
  if (index < 0) {
    others.push(value);
    return near;
  }
  milli[index] = value;
  sinceUs[index] = fromUs;
  return index + 1;
}

function sumOf(containers: readonly ContainerUsage[], resource: string): number | undefined {
  if (containers.length === 0) return undefined;
  let sum = 0;
  for (const container of containers) {
    const milli = milliOf(container, resource);
    if (milli === undefined) return undefined;
    sum += milli;
  }
  return sum;
}

function usageOf(containers: readonly ContainerUsage[], resource: string, name: string): number | undefined {
  const container = containers.find((found) => found.name === name);
  return container && milliOf(container, resource);
}

function milliOf({ cpuNanocores, memoryBytes }: ContainerUsage, resource: string): number | undefined {
  if (resource === "cpu") return cpuNanocores === undefined ? undefined : Math.ceil(cpuNanocores / 1_000_000);
  if (resource === "memory") return memoryBytes === undefined ? undefined : memoryBytes * 1000;
  return undefined;
}
