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
  ephemeralVolumeController,
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
  volumeProtectionController,
} from "./controllers/index.ts";
import { type Kind, kindInfos, type MetricsApi } from "./model/index.ts";
import { type Scenario, zoneIn } from "./scenario/index.ts";

/**
 * Puts kube-controller-manager together: every controller in one process, sharing its caches. Custom resources are those
 * that the scenario brings and the kinds that others watch.
 */
export function startControllers(
  manager: Process,
  api: ApiServer,
  scenario: Scenario,
  metrics: MetricsApi,
  watched: readonly Kind[] = [],
): void {
  const { controllerManager: flags, timeZones } = scenario;
  const kinds = servedKinds(scenario, watched);
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
    garbageCollector(kinds),
    persistentVolumeController,
    claimProtectionController,
    volumeProtectionController,
    ephemeralVolumeController,
    attachDetachController,
    namespaceController(kinds),
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

/** What discovery would tell, without Events, which neither own nor are owned. */
function servedKinds({ objects, actions }: Scenario, watched: readonly Kind[]): Kind[] {
  const applied = actions.flatMap((action) => (action.do === "apply" ? action.objects : []));
  const brought = [...objects, ...applied].map(({ kind }) => kind);
  const kinds = new Set([...Object.keys(kindInfos), ...brought, ...watched]);
  kinds.delete("Event");
  return [...kinds];
}
