import type {
  CrossVersionObjectReference,
  MetricQuery,
  MetricsAnswer,
  MetricValue,
  PodUsage,
} from "../../model/index.ts";
import { goSelectorText } from "../go-selector-text.ts";
import { customMetrics, resourceMetrics } from "./pod-metrics.ts";
import {
  averageReplicas,
  type Failure,
  type Proposal,
  type Situation,
  type Tolerances,
  totalReplicas,
  utilizationReplicas,
  valueReplicas,
} from "./replica-calculator.ts";
import type { SelectedPods } from "./selected-pods.ts";

/** What a metric is compared with: percent of the requests, one value for all, or a value for each pod. */
export type Target =
  | { readonly utilizationPercent: number }
  | { readonly valueMilli: number }
  | { readonly averageMilli: number };

/** Asked after the metrics, as upstream does. */
export type PodList = () => SelectedPods;

/** GetResourceReplicas and GetRawResourceReplicas. */
export function replicasFromResource(
  answer: MetricsAnswer<PodUsage>,
  { resource, container }: { readonly resource: string; readonly container: string },
  target: Target,
  current: number,
  pods: PodList,
  situation: Situation,
): Proposal | Failure {
  const refusal = refusalOf(answer, "resource");
  if (refusal !== undefined) return { error: `unable to get metrics for resource ${resource}: ${refusal}` };
  const selected = pods();
  const metrics = resourceMetrics(itemsOf(answer), selected, resource, container);
  if ("utilizationPercent" in target) {
    const { utilizationPercent: percent } = target;
    return utilizationReplicas(current, percent, metrics, selected, { resource, container }, situation);
  }
  return averageReplicas(current, milliOf(target), metrics, selected, resource, situation);
}

/** GetMetricReplicas: a custom metric of the pods. */
export function replicasFromPods(
  answer: MetricsAnswer<MetricValue>,
  { metric }: Pick<MetricQuery, "metric">,
  target: Target,
  current: number,
  pods: PodList,
  situation: Situation,
): Proposal | Failure {
  const refusal = refusalOf(answer, "custom");
  if (refusal !== undefined) return { error: `unable to get metric ${metric}: ${refusal}` };
  const selected = pods();
  const metrics = customMetrics(itemsOf(answer), selected);
  return averageReplicas(current, milliOf(target), metrics, selected, "", situation);
}

/** What a metric of one number is compared with: the replicas that are wanted, and those that are. */
export interface Counts {
  readonly specReplicas: number;
  readonly statusReplicas: number;
}

/** GetObjectMetricReplicas and GetObjectPerPodMetricReplicas. */
export function replicasFromObject(
  answer: MetricsAnswer<MetricValue>,
  { metric, namespace }: Pick<MetricQuery, "metric" | "namespace">,
  { kind, name }: CrossVersionObjectReference,
  target: Target,
  counts: Counts,
  pods: PodList,
  tolerances: Tolerances,
): Proposal | Failure {
  if (!answer.ok) {
    // Upstream's format has its arguments out of order, so the text reads oddly.
    const why = `unable to fetch metrics from custom metrics API: ${answer.error}`;
    return { error: `unable to get metric ${metric}: ${kind} on ${namespace} ${name}/${why}` };
  }
  const usageMilli = answer.items[0]!.milli;
  if ("valueMilli" in target) {
    return valueReplicas(counts.specReplicas, target.valueMilli, usageMilli, pods, tolerances);
  }
  return totalReplicas(counts.statusReplicas, milliOf(target), usageMilli, tolerances, false);
}

/** GetExternalMetricReplicas and GetExternalPerPodMetricReplicas: the sum over all series. */
export function replicasFromExternal(
  answer: MetricsAnswer<MetricValue>,
  { metric, namespace, selector }: MetricQuery,
  target: Target,
  counts: Counts,
  pods: PodList,
  tolerances: Tolerances,
): Proposal | Failure {
  const refusal = refusalOf(answer, "external");
  if (refusal !== undefined) {
    return { error: `unable to get external metric ${namespace}/${metric}/${goSelectorText(selector)}: ${refusal}` };
  }
  const usageMilli = itemsOf(answer).reduce((sum, { milli }) => sum + milli, 0);
  if ("valueMilli" in target) {
    return valueReplicas(counts.specReplicas, target.valueMilli, usageMilli, pods, tolerances);
  }
  return totalReplicas(counts.statusReplicas, milliOf(target), usageMilli, tolerances, true);
}

/** Why an answer is none, in the words of upstream's metrics client. */
function refusalOf(answer: MetricsAnswer<unknown>, api: "resource" | "custom" | "external"): string | undefined {
  if (!answer.ok) return `unable to fetch metrics from ${api} metrics API: ${answer.error}`;
  return answer.items.length === 0 ? `no metrics returned from ${api} metrics API` : undefined;
}

function itemsOf<Item>(answer: MetricsAnswer<Item>): readonly Item[] {
  return answer.ok ? answer.items : [];
}

function milliOf(target: Target): number {
  return "averageMilli" in target ? target.averageMilli : "valueMilli" in target ? target.valueMilli : Number.NaN;
}
