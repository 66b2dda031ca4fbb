import type { Task } from "../../client/index.ts";
import {
  type CompiledLabelSelector,
  type HorizontalPodAutoscaler,
  type MetricQuery,
  type MetricSpec,
  type MetricStatus,
  type MetricsAnswer,
  type MetricTarget,
  type MetricValueStatus,
  milliQuantityText,
  milliValue,
} from "../../model/index.ts";
import { goSelectorText } from "./go-selector-text.ts";
import { customMetrics, resourceMetrics } from "./pod-metrics.ts";
import type { Ports, Scale } from "./ports.ts";
import {
  averageReplicas,
  type Failure,
  type Proposal,
  type Situation,
  totalReplicas,
  utilizationReplicas,
  valueReplicas,
} from "./replica-calculator.ts";

/** What one metric wants; its name and its status are shown to users. */
export interface MetricProposal {
  readonly replicas: number;
  readonly name: string;
  readonly status: MetricStatus;
}

/** Why a metric says nothing: the reason and text of the condition, and the error of the sync. */
export interface MetricFailure {
  readonly reason: string;
  readonly message: string;
  readonly error: string;
}

/** What one sync knows when it turns to its metrics. */
export interface MetricContext {
  readonly hpa: HorizontalPodAutoscaler;
  readonly scale: Scale;
  readonly selector: CompiledLabelSelector;
  readonly ports: Ports;
  readonly situation: () => Situation;
}

/** One entry of `spec.metrics`: asks its API and computes (`computeReplicasForMetric`). */
export function* proposalOf(spec: MetricSpec, context: MetricContext): Task<MetricProposal | MetricFailure> {
  switch (spec.type) {
    case "Resource":
      return yield* resourceProposal(spec, context);
    case "ContainerResource":
      return yield* containerResourceProposal(spec, context);
    case "Pods":
      return yield* podsProposal(spec, context);
    case "Object":
      return yield* objectProposal(spec, context);
    case "External":
      return yield* externalProposal(spec, context);
    default: {
      const message = `unknown metric source type "${spec.type}"`;
      return { reason: "InvalidMetricSourceType", message, error: message };
    }
  }
}

function* resourceProposal(spec: MetricSpec, context: MetricContext): Task<MetricProposal | MetricFailure> {
  const { name, target } = spec.resource!;
  const answer = yield* resourceValue(target, name, "", context);
  if ("error" in answer) {
    const message = answer.error;
    return {
      reason: "FailedGetResourceMetric",
      message,
      error: `failed to get ${name} resource metric value: ${message}`,
    };
  }
  const { replicas, current, kind } = answer;
  return { replicas, name: `${name} ${kind}`, status: { type: spec.type, resource: { name, current } } };
}

function* containerResourceProposal(spec: MetricSpec, context: MetricContext): Task<MetricProposal | MetricFailure> {
  const { name, container, target } = spec.containerResource!;
  const answer = yield* resourceValue(target, name, container, context);
  if ("error" in answer) {
    const message = answer.error;
    return {
      reason: "FailedGetContainerResourceMetric",
      message,
      error: `failed to get ${container} container metric value: ${message}`,
    };
  }
  const { replicas, current, kind } = answer;
  const shown = kind === "resource" ? kind : `container ${kind}`;
  const status = { type: spec.type, containerResource: { name, container, current } };
  return { replicas, name: `${name} ${shown}`, status };
}

interface ResourceAnswer {
  readonly replicas: number;
  readonly current: MetricValueStatus;
  readonly kind: string;
}

/** An average value wins over a utilization. */
function* resourceValue(
  target: MetricTarget,
  resource: string,
  container: string,
  { hpa, scale, selector, ports, situation }: MetricContext,
): Task<ResourceAnswer | { readonly error: string }> {
  const { averageValue, averageUtilization } = target;
  if (averageValue === undefined && averageUtilization === undefined) {
    const source = "neither an average utilization target nor an average value (usage) target was set";
    return { error: `invalid resource metric source: ${source}` };
  }
  const namespace = hpa.metadata.namespace ?? "";
  const answer = yield* ports.resourceMetrics(namespace, selector);
  const measured = averageValue === undefined ? "utilization" : "usage";
  const refusal = refusalOf(answer, "resource");
  if (refusal !== undefined || !answer.ok) {
    return {
      error: `failed to get ${resource} ${measured}: unable to get metrics for resource ${resource}: ${refusal}`,
    };
  }
  const metrics = resourceMetrics(answer.items, resource, container);
  const pods = ports.pods(namespace, selector);
  const current = scale.specReplicas;
  const proposal =
    averageValue === undefined
      ? utilizationReplicas(current, averageUtilization!, metrics, pods, { resource, container }, situation())
      : averageReplicas(current, milliValue(averageValue), metrics, pods, resource, situation());
  if ("error" in proposal) return { error: `failed to get ${resource} ${measured}: ${proposal.error}` };
  const shown = milliQuantityText(proposal.usageMilli, resource === "memory" ? "BinarySI" : "DecimalSI");
  const { replicas, utilization } = proposal;
  if (utilization === undefined) return { replicas, current: { averageValue: shown }, kind: "resource" };
  const kind = "resource utilization (percentage of request)";
  return { replicas, current: { averageUtilization: utilization, averageValue: shown }, kind };
}

function* podsProposal(spec: MetricSpec, context: MetricContext): Task<MetricProposal | MetricFailure> {
  const { hpa, scale, selector, ports, situation } = context;
  const { metric, target } = spec.pods!;
  const query = queryOf(hpa, metric);
  const answer = yield* ports.podMetrics(query, selector);
  const refusal = refusalOf(answer, "custom");
  let proposal: Proposal | Failure;
  if (refusal !== undefined || !answer.ok) {
    proposal = { error: `unable to get metric ${metric.name}: ${refusal}` };
  } else {
    const pods = ports.pods(query.namespace, selector);
    const metrics = customMetrics(answer.items);
    proposal = averageReplicas(scale.specReplicas, milliValue(target.averageValue!), metrics, pods, "", situation());
  }
  if ("error" in proposal) {
    const message = proposal.error;
    return { reason: "FailedGetPodsMetric", message, error: `failed to get pods metric value: ${message}` };
  }
  const current = { averageValue: milliQuantityText(proposal.usageMilli) };
  const status = { type: spec.type, pods: { metric, current } };
  return { replicas: proposal.replicas, name: `pods metric ${metric.name}`, status };
}

function* objectProposal(spec: MetricSpec, context: MetricContext): Task<MetricProposal | MetricFailure> {
  const { hpa, scale, selector, ports, situation } = context;
  const { metric, target, describedObject } = spec.object!;
  const reason = "FailedGetObjectMetric";
  const failed = "failed to get object metric value: ";
  const isValue = target.type === "Value" && target.value !== undefined;
  if (!isValue && !(target.type === "AverageValue" && target.averageValue !== undefined)) {
    const message = "invalid object metric source: neither a value target nor an average value target was set";
    return { reason, message, error: failed + message };
  }
  const query = queryOf(hpa, metric);
  const answer = yield* ports.objectMetric(query, describedObject);
  let proposal: Proposal | Failure;
  if (!answer.ok) {
    proposal = { error: objectRefusal(query, describedObject, answer.error) };
  } else {
    const usage = answer.items[0]!.milli;
    const { tolerances } = situation();
    proposal = isValue
      ? valueReplicas(
          scale.specReplicas,
          milliValue(target.value!),
          usage,
          () => ports.pods(query.namespace, selector),
          tolerances,
        )
      : totalReplicas(scale.statusReplicas, milliValue(target.averageValue!), usage, tolerances, false);
  }
  if ("error" in proposal) {
    const message = proposal.error;
    const error = isValue ? message : `failed to get ${metric.name} object metric: ${message}`;
    return { reason, message, error: failed + error };
  }
  const shown = milliQuantityText(proposal.usageMilli);
  const current = isValue ? { value: shown } : { averageValue: shown };
  const status = { type: spec.type, object: { metric, describedObject, current } };
  // Upstream calls an object's average "external" too.
  const name = isValue
    ? `${describedObject.kind} metric ${metric.name}`
    : `external metric ${metric.name}(${goSelectorText(metric.selector)})`;
  return { replicas: proposal.replicas, name, status };
}

function* externalProposal(spec: MetricSpec, context: MetricContext): Task<MetricProposal | MetricFailure> {
  const { hpa, scale, selector, ports, situation } = context;
  const { metric, target } = spec.external!;
  const reason = "FailedGetExternalMetric";
  const failed = `failed to get ${metric.name} external metric value: `;
  const { averageValue, value } = target;
  if (averageValue === undefined && value === undefined) {
    const message = "invalid external metric source: neither a value target nor an average value target was set";
    return { reason, message, error: failed + message };
  }
  const query = queryOf(hpa, metric);
  const answer = yield* ports.externalMetrics(query);
  const refusal = refusalOf(answer, "external");
  let proposal: Proposal | Failure;
  if (refusal !== undefined || !answer.ok) {
    const of = `${query.namespace}/${metric.name}/${goSelectorText(metric.selector)}`;
    proposal = { error: `unable to get external metric ${of}: ${refusal}` };
  } else {
    const usage = answer.items.reduce((sum, { milli }) => sum + milli, 0);
    const { tolerances } = situation();
    proposal =
      averageValue === undefined
        ? valueReplicas(
            scale.specReplicas,
            milliValue(value!),
            usage,
            () => ports.pods(query.namespace, selector),
            tolerances,
          )
        : totalReplicas(scale.statusReplicas, milliValue(averageValue), usage, tolerances, true);
  }
  if ("error" in proposal) {
    const message = proposal.error;
    const error =
      averageValue === undefined
        ? `failed to get external metric ${metric.name}: ${message}`
        : `failed to get ${metric.name} external metric: ${message}`;
    return { reason, message, error: failed + error };
  }
  const shown = milliQuantityText(proposal.usageMilli);
  const current = averageValue === undefined ? { value: shown } : { averageValue: shown };
  const name = `external metric ${metric.name}(${goSelectorText(metric.selector)})`;
  return { replicas: proposal.replicas, name, status: { type: spec.type, external: { metric, current } } };
}

function queryOf(
  { metadata }: HorizontalPodAutoscaler,
  { name, selector }: { readonly name: string; readonly selector?: MetricQuery["selector"] },
): MetricQuery {
  return { namespace: metadata.namespace ?? "", metric: name, selector };
}

/** Why the answer is none, in the words of upstream's metrics client. */
export function refusalOf(answer: MetricsAnswer<unknown>, api: "resource" | "custom" | "external"): string | undefined {
  if (!answer.ok) return `unable to fetch metrics from ${api} metrics API: ${answer.error}`;
  return answer.items.length === 0 ? `no metrics returned from ${api} metrics API` : undefined;
}

/** Upstream's format has its arguments out of order, so the text reads oddly. */
export function objectRefusal(
  { metric, namespace }: MetricQuery,
  { kind, name }: { readonly kind: string; readonly name: string },
  error: string,
): string {
  const why = `unable to fetch metrics from custom metrics API: ${error}`;
  return `unable to get metric ${metric}: ${kind} on ${namespace} ${name}/${why}`;
}
