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
import type { MetricsAdapter } from "./metrics-adapter.ts";
import type { MetricsServer, PodsMatching } from "./metrics-server.ts";

const unregistered = { ok: false, error: "the server could not find the requested resource" } as const;

/** Answers questions for external metrics that are its own, as KEDA's metrics server does; `undefined`: not its own. */
export type ExternalSource = (query: MetricQuery) => MetricsAnswer<MetricValue> | undefined;

/** The metrics APIs of a cluster: metrics-server behind one, the adapter, if there is one, behind the others. */
export class MetricsApis implements MetricsApi {
  readonly #server: MetricsServer;
  readonly #adapter: MetricsAdapter | undefined;
  readonly #podsMatching: PodsMatching;
  readonly #external: ExternalSource | undefined;

  /** `external` is asked for external metrics before the adapter is. */
  constructor(
    server: MetricsServer,
    adapter: MetricsAdapter | undefined,
    podsMatching: PodsMatching,
    external?: ExternalSource,
  ) {
    this.#server = server;
    this.#adapter = adapter;
    this.#podsMatching = podsMatching;
    this.#external = external;
  }

  follow(namespace: string): void {
    this.#server.follow(namespace);
  }

  onUsageChange(listener: (pod: ObjectKey) => void): void {
    this.#server.onUsageChange(listener);
  }

  resourceMetrics(namespace: string, pods: CompiledLabelSelector): MetricsAnswer<PodUsage> {
    return this.#server.resourceMetrics(namespace, this.#podsMatching(namespace, pods));
  }

  usageRestsSinceUs(namespace: string, pods: CompiledLabelSelector): number | undefined {
    return this.#server.usageRestsSinceUs(namespace, this.#podsMatching(namespace, pods));
  }

  podMetrics(query: MetricQuery, pods: CompiledLabelSelector): MetricsAnswer<MetricValue> {
    return this.#adapter?.podMetrics(query, this.#podsMatching(query.namespace, pods)) ?? unregistered;
  }

  objectMetric(query: MetricQuery, object: CrossVersionObjectReference): MetricsAnswer<MetricValue> {
    return this.#adapter?.objectMetric(query, object) ?? unregistered;
  }

  externalMetrics(query: MetricQuery): MetricsAnswer<MetricValue> {
    return this.#external?.(query) ?? this.#adapter?.externalMetrics(query) ?? unregistered;
  }
}
