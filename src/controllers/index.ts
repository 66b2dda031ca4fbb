export { deploymentController } from "./deployment/reconcile.ts";
export { disruptionController } from "./disruption.ts";
export { endpointSliceController } from "./endpoint-slice/reconcile.ts";
export { garbageCollector } from "./garbage-collector/garbage-collector.ts";
export { conditionTaintController } from "./node-lifecycle/condition-taints.ts";
export { type NodeMonitorFlags, nodeMonitor } from "./node-lifecycle/node-monitor.ts";
export { podGarbageCollector } from "./pod-garbage-collector.ts";
export { replicaSetController } from "./replica-set/reconcile.ts";
export { taintEvictionController } from "./taint-eviction.ts";
