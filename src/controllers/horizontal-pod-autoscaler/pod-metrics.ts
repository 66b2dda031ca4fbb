import type { ContainerUsage, MetricValue, PodUsage } from "../../model/index.ts";

/** A metric of one pod, in thousandths of its unit. The calculator knows nothing else of where it came from. */
export interface PodMetric {
  readonly milli: number;
  readonly timestampUs: number;
  readonly windowUs: number;
}

/** By the pod's name. */
export type PodMetrics = Map<string, PodMetric>;

/**
 * Usage of a resource by pod: summed over the containers, or of one container. A pod in which a container was not
 * measured is left out. Each container's usage is rounded up to thousandths first, as `MilliValue()` does.
 */
export function resourceMetrics(items: readonly PodUsage[], resource: string, container: string): PodMetrics {
  const metrics: PodMetrics = new Map();
  for (const { pod, timestampUs, windowUs, containers } of items) {
    const milli = container === "" ? sumOf(containers, resource) : usageOf(containers, resource, container);
    if (milli !== undefined) metrics.set(pod, { milli, timestampUs, windowUs });
  }
  return metrics;
}

export function customMetrics(items: readonly MetricValue[]): PodMetrics {
  return new Map(items.map(({ name, ...metric }) => [name, metric]));
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
