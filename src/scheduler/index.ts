/**
 * kube-scheduler's decisions. In order: `Snapshot` believes the cluster, `loadConfiguration` and `Framework` say which plugins
 * run, `schedulePod` decides about one pod, `SchedulingQueue` says which pod is next.
 */
export * from "./configuration/kube-scheduler-configuration.ts";
export { loadConfiguration } from "./configuration/load.ts";
export { chooseHost } from "./cycle/choose-host.ts";
export { eventMessage, type FitError } from "./cycle/fit-error.ts";
export { numFeasibleNodesToFind } from "./cycle/sampling.ts";
export {
  type Decision,
  type Scheduled,
  type SchedulerState,
  type SchedulingError,
  schedulePod,
  type Unschedulable,
  victimsOf,
} from "./cycle/schedule-pod.ts";
export { type ExplainedNode, type Explanation, explain } from "./explain/explanation.ts";
export { missingText } from "./explain/remedies.ts";
export { FastCycle } from "./fast/fast-cycle.ts";
export { PodTallies } from "./fast/pod-tallies.ts";
export * from "./framework/cluster-event.ts";
export { CycleState, type StateData } from "./framework/cycle-state.ts";
export { Framework, type PluginScores, type PreFilterOutcome } from "./framework/framework.ts";
export * from "./framework/plugin.ts";
export type { Registry } from "./framework/resolve-plugins.ts";
export { schedulerClient } from "./framework/scheduler-client.ts";
export * from "./framework/status.ts";
export { type WaitingPod, WaitingPods } from "./framework/waiting-pods.ts";
export { KubeScheduler, type WaitingExplanation } from "./kube-scheduler.ts";
export * from "./plugins/gpu/index.ts";
export { pluginRegistry } from "./plugins/registry.ts";
export { podFitsNode, prepareFilters } from "./pod-fits-node.ts";
export { assignedPodEvents, nodeEvents, objectEvent, podUpdateEvents } from "./queue/object-events.ts";
export type { QueuedPod } from "./queue/queued-pod.ts";
export {
  type QueuePlace,
  SchedulingQueue,
  type SchedulingQueueOptions,
} from "./queue/scheduling-queue.ts";
export { type ClusterObjectKind, clusterObjectKinds, filterKinds } from "./snapshot/cluster-objects.ts";
export { NodeInfo } from "./snapshot/node-info.ts";
export { type PodInfo, podInfo } from "./snapshot/pod-info.ts";
export { Snapshot } from "./snapshot/snapshot.ts";
