/** Autoscalers: cluster-autoscaler in a process of its own with what it decides with, and policies, users' own among them. */
export {
  ClusterAutoscaler,
  type ClusterAutoscalerOptions,
  type Trigger,
} from "./cluster-autoscaler/cluster-autoscaler.ts";
export type { NodeGroupSpec } from "./cluster-autoscaler/node-groups.ts";
export {
  type AutoscalerFlags,
  type AutoscalingOptions,
  defaultOptions,
  optionsOf,
} from "./cluster-autoscaler/options.ts";
export type { RunStatus } from "./cluster-autoscaler/run-status.ts";
export { TriggerFailures } from "./keda/fallback.ts";
export { type KedaSources, kedaMetrics } from "./keda/keda-metrics.ts";
export { kedaOperator } from "./keda/keda-operator.ts";
export { type ScaledObject, targetOf } from "./keda/scaled-object.ts";
export { parseSeries } from "./keda/triggers.ts";
export type { Forecast } from "./policies/forecast.ts";
export { type Order, orderText } from "./policies/order.ts";
export { type Decision, definePolicy, type Policy, type Seen } from "./policies/policy.ts";
export { type PolicyLoopOptions, startPolicy } from "./policies/policy-loop.ts";
export { type PredictiveOptions, predictiveScaling } from "./policies/predictive-scaling.ts";
export type { ScalingTarget } from "./policies/scaling-target.ts";
export { type Hold, scheduledScaling } from "./policies/scheduled-scaling.ts";
