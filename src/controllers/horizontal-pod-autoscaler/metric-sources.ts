import type { Task } from "../../client/index.ts";
import {
  type CompiledLabelSelector,
  formatAmount,
  type HorizontalPodAutoscaler,
  type MetricQuery,
  type MetricSpec,
  type MetricStatus,
  type MetricTarget,
  type MetricValueStatus,
  milliQuantityText,
  milliValue,
  type QuantityFormat,
} from "../../model/index.ts";
import { goSelectorText } from "../go-selector-text.ts";
import { bigInt64 } from "./go-integers.ts";
import type { Ports, Scale } from "./ports.ts";
import type { Situation } from "./replica-calculator.ts";
import {
  replicasFromExternal,
  replicasFromObject,
  replicasFromPods,
  replicasFromResource,
  type Target,
} from "./replicas-from-metrics.ts";

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
  { averageValue, averageUtilization }: MetricTarget,
  resource: string,
  container: string,
  { hpa, scale, selector, ports, situation }: MetricContext,
): Task<ResourceAnswer | { readonly error: string }> {
  let target: Target;
  if (averageValue !== undefined) target = { averageMilli: milliValue(averageValue) };
  else if (averageUtilization !== undefined) target = { utilizationPercent: averageUtilization };
  else {
    const missing = "neither an average utilization target nor an average value (usage) target was set";
    return { error: `invalid resource metric source: ${missing}` };
  }
  const namespace = hpa.metadata.namespace ?? "";
  const answer = yield* ports.resourceMetrics(namespace, selector);
  const pods = () => ports.pods(namespace, selector);
  const which = { resource, container };
  const proposal = replicasFromResource(answer, which, target, scale.specReplicas, pods, situation());
  if ("error" in proposal) {
    const measured = averageValue === undefined ? "utilization" : "usage";
    return { error: `failed to get ${resource} ${measured}: ${proposal.error}` };
  }
  const shown = milliText(proposal.usageMilli, resource === "memory" ? "BinarySI" : "DecimalSI");
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
  const pods = () => ports.pods(query.namespace, selector);
  const wanted = { averageMilli: milliValue(target.averageValue!) };
  const proposal = replicasFromPods(answer, query, wanted, scale.specReplicas, pods, situation());
  if ("error" in proposal) {
    const message = proposal.error;
    return { reason: "FailedGetPodsMetric", message, error: `failed to get pods metric value: ${message}` };
  }
  const current = { averageValue: milliText(proposal.usageMilli) };
  const status = { type: spec.type, pods: { metric, current } };
  return { replicas: proposal.replicas, name: `pods metric ${metric.name}`, status };
}

/** The target's type says which of its values counts. */
function* objectProposal(spec: MetricSpec, context: MetricContext): Task<MetricProposal | MetricFailure> {
  const { hpa, scale, selector, ports, situation } = context;
  const { metric, target, describedObject } = spec.object!;
  const reason = "FailedGetObjectMetric";
  const failed = "failed to get object metric value: ";
  const isValue = target.type === "Value" && target.value !== undefined;
  let wanted: Target;
  if (isValue) wanted = { valueMilli: milliValue(target.value) };
  else if (target.type === "AverageValue" && target.averageValue !== undefined) {
    wanted = { averageMilli: milliValue(target.averageValue) };
  } else {
    const message = "invalid object metric source: neither a value target nor an average value target was set";
    return { reason, message, error: failed + message };
  }
  const query = queryOf(hpa, metric);
  const answer = yield* ports.objectMetric(query, describedObject);
  const pods = () => ports.pods(query.namespace, selector);
  const { tolerances } = situation();
  const proposal = replicasFromObject(answer, query, describedObject, wanted, scale, pods, tolerances);
  if ("error" in proposal) {
    const message = proposal.error;
    const error = isValue ? message : `failed to get ${metric.name} object metric: ${message}`;
    return { reason, message, error: failed + error };
  }
  const shown = milliText(proposal.usageMilli);
  const current = isValue ? { value: shown } : { averageValue: shown };
  const status = { type: spec.type, object: { metric, describedObject, current } };
  // Upstream calls an object's average "external" too.
  const name = isValue
    ? `${describedObject.kind} metric ${metric.name}`
    : `external metric ${metric.name}(${goSelectorText(metric.selector)})`;
  return { replicas: proposal.replicas, name, status };
}

/** An average value wins over a value. */
function* externalProposal(spec: MetricSpec, context: MetricContext): Task<MetricProposal | MetricFailure> {
  const { hpa, scale, selector, ports, situation } = context;
  const { metric, target } = spec.external!;
  const { averageValue, value } = target;
  const reason = "FailedGetExternalMetric";
  const failed = `failed to get ${metric.name} external metric value: `;
  let wanted: Target;
  if (averageValue !== undefined) wanted = { averageMilli: milliValue(averageValue) };
  else if (value !== undefined) wanted = { valueMilli: milliValue(value) };
  else {
    const message = "invalid external metric source: neither a value target nor an average value target was set";
    return { reason, message, error: failed + message };
  }
  const query = queryOf(hpa, metric);
  const answer = yield* ports.externalMetrics(query);
  const pods = () => ports.pods(query.namespace, selector);
  const proposal = replicasFromExternal(answer, query, wanted, scale, pods, situation().tolerances);
  if ("error" in proposal) {
    const message = proposal.error;
    const error =
      averageValue === undefined
        ? `failed to get external metric ${metric.name}: ${message}`
        : `failed to get ${metric.name} external metric: ${message}`;
    return { reason, message, error: failed + error };
  }
  const shown = milliText(proposal.usageMilli);
  const current = averageValue === undefined ? { value: shown } : { averageValue: shown };
  const name = `external metric ${metric.name}(${goSelectorText(metric.selector)})`;
  return { replicas: proposal.replicas, name, status: { type: spec.type, external: { metric, current } } };
}

/** As `NewMilliQuantity` prints it, with the overflows that upstream shows where nothing could be divided by. */
function milliText(milli: number, format: QuantityFormat = "DecimalSI"): string {
  if (Number.isSafeInteger(milli)) return milliQuantityText(milli, format);
  return formatAmount({ mantissa: bigInt64(milli), exponent: -3, format, wide: false });
}

function queryOf(
  { metadata }: HorizontalPodAutoscaler,
  { name, selector }: { readonly name: string; readonly selector?: MetricQuery["selector"] },
): MetricQuery {
  return { namespace: metadata.namespace ?? "", metric: name, selector };
}
