import type {
  CompiledLabelSelector,
  CrossVersionObjectReference,
  MetricQuery,
  MetricsAnswer,
  MetricsApi,
  MetricValue,
  ObjectKey,
  PodUsage,
} from "../model/index.ts";
import type { MetricsServer } from "./metrics-server.ts";

const notFound = { ok: false, error: "the server could not find the requested resource" } as const;

/** The metrics APIs of a cluster with metrics-server and without an adapter: custom metrics are not found. */
export class MetricsApis implements MetricsApi {
  readonly #server: MetricsServer;

  constructor(server: MetricsServer) {
    this.#server = server;
  }

  follow(namespace: string): void {
    this.#server.follow(namespace);
  }

  onUsageChange(listener: (pod: ObjectKey) => void): void {
    this.#server.onUsageChange(listener);
  }

  resourceMetrics(namespace: string, pods: CompiledLabelSelector): MetricsAnswer<PodUsage> {
    return this.#server.resourceMetrics(namespace, pods);
  }

  podMetrics(_query: MetricQuery, _pods: CompiledLabelSelector): MetricsAnswer<MetricValue> {
    return notFound;
  }

  objectMetric(_query: MetricQuery, _object: CrossVersionObjectReference): MetricsAnswer<MetricValue> {
    return notFound;
  }

  externalMetrics(_query: MetricQuery): MetricsAnswer<MetricValue> {
    return notFound;
  }
}
