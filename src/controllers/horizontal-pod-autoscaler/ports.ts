import type { Task } from "../../client/index.ts";
import type {
  CompiledLabelSelector,
  CrossVersionObjectReference,
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerStatus,
  KubeObject,
  MetricQuery,
  MetricsAnswer,
  MetricValue,
  PodUsage,
  Time,
} from "../../model/index.ts";
import type { ReadinessWindows } from "./pod-groups.ts";
import type { SelectedPods } from "./selected-pods.ts";

/** `autoscaling/v1` Scale: what an autoscaler knows of its target. */
export interface Scale {
  readonly specReplicas: number;
  readonly statusReplicas: number;
  /** As text; "" when the target has none. */
  readonly selector: string;
  /** The object it was read from. */
  readonly target: KubeObject | undefined;
}

export type ScaleReply =
  | { readonly ok: true; readonly scale: Scale }
  | { readonly ok: false; readonly error: string; readonly conflict: boolean };

/** What a sync asks of others. Each call may take its time; `nowUs` moves on meanwhile. */
export interface Ports {
  readonly nowUs: number;
  /** The present instant as the API writes it. */
  readonly time: Time;
  /** From the pod cache, as it is now: the same answer until a pod changes. */
  pods(namespace: string, selector: CompiledLabelSelector): SelectedPods;
  getScale(hpa: HorizontalPodAutoscaler): Task<ScaleReply>;
  updateScale(scale: Scale, replicas: number): Task<ScaleReply>;
  wait(forUs: number): Task<void>;
  resourceMetrics(namespace: string, pods: CompiledLabelSelector): Task<MetricsAnswer<PodUsage>>;
  /**
   * Where the windows of the present answer about these pods begin, if their usage has not moved lately, so that a reader
   * may wait until it is told that it has; `undefined`: it moves.
   */
  usageRestsSinceUs(namespace: string, pods: CompiledLabelSelector): number | undefined;
  podMetrics(query: MetricQuery, pods: CompiledLabelSelector): Task<MetricsAnswer<MetricValue>>;
  objectMetric(query: MetricQuery, object: CrossVersionObjectReference): Task<MetricsAnswer<MetricValue>>;
  externalMetrics(query: MetricQuery): Task<MetricsAnswer<MetricValue>>;
  event(about: HorizontalPodAutoscaler, type: "Normal" | "Warning", reason: string, message: string): Task<void>;
  /** The error's text, if it failed. */
  writeStatus(hpa: HorizontalPodAutoscaler, status: HorizontalPodAutoscalerStatus): Task<string | undefined>;
}

/** Flags and gates of kube-controller-manager that the autoscaler reads. */
export interface AutoscalerFlags {
  readonly syncPeriodUs: number;
  readonly downscaleStabilizationUs: number;
  /** A fraction of the target, for both directions. */
  readonly tolerance: number;
  readonly windows: ReadinessWindows;
  /** Gate HPAConfigurableTolerance: `spec.behavior` may say its own tolerances. On since 1.35. */
  readonly configurableTolerance: boolean;
  /** Gate HPAScaleToZero. Alpha, off. */
  readonly scaleToZero: boolean;
}
