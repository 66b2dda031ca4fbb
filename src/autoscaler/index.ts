/** Autoscalers of machines. `ClusterAutoscaler` runs in a process of its own; the rest is what it decides with. */
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
