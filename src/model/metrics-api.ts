import type { CrossVersionObjectReference, LabelSelector } from "./generated/api-types.ts";
import type { ObjectKey } from "./object-meta.ts";
import type { CompiledLabelSelector } from "./selectors.ts";

/** What one container used, as `metrics.k8s.io` tells it. A resource that was not measured is `undefined`. */
export interface ContainerUsage {
  readonly name: string;
  readonly cpuNanocores: number | undefined;
  readonly memoryBytes: number | undefined;
}

/** A `PodMetrics` object: mean CPU over the window that ended at the timestamp, memory at the timestamp. */
export interface PodUsage {
  readonly pod: string;
  /** Virtual instant of a whole second of wall-clock time: the API's times have no fractions. */
  readonly timestampUs: number;
  readonly windowUs: number;
  readonly containers: readonly ContainerUsage[];
}

/** One value of `custom.metrics.k8s.io` or `external.metrics.k8s.io`, in thousandths of the metric's unit. */
export interface MetricValue {
  /** The pod's name where the metric describes pods. */
  readonly name: string;
  readonly milli: number;
  readonly timestampUs: number;
  /** 60 s where the adapter says nothing. */
  readonly windowUs: number;
}

export interface MetricQuery {
  readonly namespace: string;
  readonly metric: string;
  readonly selector: LabelSelector | undefined;
}

/** An API's answer: items, or the text with which the server refuses. */
export type MetricsAnswer<Item> =
  | { readonly ok: true; readonly items: readonly Item[] }
  | { readonly ok: false; readonly error: string };

/** The three metrics APIs as one reader sees them: answers of this instant, whatever the way there took. */
export interface MetricsApi {
  /** `metrics.k8s.io`: pods that a selector matches and that have usage. Good until the next event: the items are used again. */
  resourceMetrics(namespace: string, pods: CompiledLabelSelector): MetricsAnswer<PodUsage>;
  /**
   * Where the windows of the present answer about these pods begin, if later scrapes will answer the same, timestamps aside,
   * until `onUsageChange` tells of one; `undefined` if they may not.
   */
  usageRestsSinceUs(namespace: string, pods: CompiledLabelSelector): number | undefined;
  /** `custom.metrics.k8s.io` of pods. */
  podMetrics(query: MetricQuery, pods: CompiledLabelSelector): MetricsAnswer<MetricValue>;
  /** `custom.metrics.k8s.io` of one object: one item. */
  objectMetric(query: MetricQuery, object: CrossVersionObjectReference): MetricsAnswer<MetricValue>;
  /** `external.metrics.k8s.io`: one item for each series. */
  externalMetrics(query: MetricQuery): MetricsAnswer<MetricValue>;
  /** Tells when what is answered about a followed pod has changed, its timestamp aside: for readers that sleep till then. */
  onUsageChange(listener: (pod: ObjectKey) => void): void;
  /** Somebody will read usage of pods of this namespace: it is measured from now on. */
  follow(namespace: string): void;
}
