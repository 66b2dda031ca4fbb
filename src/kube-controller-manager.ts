import type { ApiServer } from "./apiserver/index.ts";
import { type Controller, ControllerRunner, LoopRunner, type Process } from "./client/index.ts";
import {
  attachDetachController,
  claimProtectionController,
  conditionTaintController,
  cronJobController,
  daemonSetController,
  deploymentController,
  disruptionController,
  endpointSliceController,
  garbageCollector,
  jobController,
  namespaceController,
  nodeMonitor,
  persistentVolumeController,
  podGarbageCollector,
  replicaSetController,
  replicationController,
  resourceQuotaController,
  serviceAccountController,
  staleDisruptionController,
  startAutoscaler,
  statefulSetController,
  taintEvictionController,
  ttlAfterFinishedController,
} from "./controllers/index.ts";
import type { MetricsApi } from "./model/index.ts";
import { type Scenario, zoneIn } from "./scenario/index.ts";

/** Puts kube-controller-manager together: every controller in one process, sharing its caches. */
export function startControllers(
  manager: Process,
  api: ApiServer,
  { controllerManager: flags, timeZones }: Scenario,
  metrics: MetricsApi,
): void {
  const controllers: readonly Controller<never>[] = [
    deploymentController,
    replicaSetController,
    replicationController,
    statefulSetController,
    daemonSetController,
    jobController,
    cronJobController((name) => zoneIn(timeZones, name)),
    endpointSliceController,
    conditionTaintController,
    taintEvictionController,
    disruptionController,
    staleDisruptionController,
    garbageCollector,
    persistentVolumeController,
    claimProtectionController,
    attachDetachController,
    namespaceController,
    resourceQuotaController,
    serviceAccountController,
    ttlAfterFinishedController,
  ] as unknown as readonly Controller<never>[];
  for (const controller of controllers) new ControllerRunner(manager, controller);
  startAutoscaler(manager, metrics, {
    syncPeriodUs: flags["horizontal-pod-autoscaler-sync-period"],
    downscaleStabilizationUs: flags["horizontal-pod-autoscaler-downscale-stabilization"],
    tolerance: flags["horizontal-pod-autoscaler-tolerance"],
    windows: {
      cpuInitializationUs: flags["horizontal-pod-autoscaler-cpu-initialization-period"],
      initialReadinessUs: flags["horizontal-pod-autoscaler-initial-readiness-delay"],
    },
    configurableTolerance: true,
    scaleToZero: false,
  });
  const monitor = nodeMonitor(api.leases, {
    periodUs: flags["node-monitor-period"],
    gracePeriodUs: flags["node-monitor-grace-period"],
    startupGracePeriodUs: flags["node-startup-grace-period"],
    unhealthyZoneThreshold: flags["unhealthy-zone-threshold"],
    rates: {
      normal: flags["node-eviction-rate"],
      secondary: flags["secondary-node-eviction-rate"],
      largeClusterSize: flags["large-cluster-size-threshold"],
    },
  });
  const monitorRunner = new LoopRunner(manager, monitor);
  api.leases.onChange((node) => {
    monitorRunner.memory.suspects.add(node);
    monitorRunner.rouse();
  });
  new LoopRunner(manager, podGarbageCollector(flags["terminated-pod-gc-threshold"]));
}
