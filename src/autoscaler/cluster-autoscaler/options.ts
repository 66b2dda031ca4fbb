/** What cluster-autoscaler's flags come to. Times in microseconds, memory in bytes. */
export interface AutoscalingOptions {
  /** Applied one after the other; what is left then is drawn from. */
  readonly expanders: readonly string[];
  readonly scanIntervalUs: number;
  /** `--frequent-loops-enabled`: a productive run and an unschedulable pod start the next run at once. */
  readonly frequentLoops: boolean;
  /** 0: no limit. */
  readonly maxNodesTotal: number;
  readonly maxNodesPerScaleUp: number;
  readonly newPodScaleUpDelayUs: number;
  readonly expendablePodsPriorityCutoff: number;
  readonly balanceSimilarNodeGroups: boolean;
  readonly balancingIgnoreLabels: readonly string[];
  readonly enforceNodeGroupMinSize: boolean;
  readonly scaleUpFromZero: boolean;
  readonly salvoScaleUp: boolean;
  readonly salvoScaleUpBudgetUs: number;
  readonly fastpathBinpacking: boolean;
  readonly forceDaemonSets: boolean;
  readonly minCoresTotal: number;
  readonly maxCoresTotal: number;
  readonly minMemoryTotalBytes: number;
  readonly maxMemoryTotalBytes: number;
  readonly okTotalUnreadyCount: number;
  readonly maxTotalUnreadyPercentage: number;
  readonly maxNodeProvisionTimeUs: number;
  readonly maxNodeStartupTimeUs: number;
  readonly initialNodeGroupBackoffUs: number;
  readonly maxNodeGroupBackoffUs: number;
  readonly nodeGroupBackoffResetUs: number;
  readonly forceDeleteUnregisteredNodes: boolean;
  readonly scaleDownEnabled: boolean;
  readonly scaleDownUnreadyEnabled: boolean;
  readonly scaleDownDelayAfterAddUs: number;
  readonly scaleDownDelayAfterDeleteUs: number;
  readonly scaleDownDelayAfterFailureUs: number;
  readonly scaleDownDelayTypeLocal: boolean;
  readonly scaleDownUnneededTimeUs: number;
  readonly scaleDownUnreadyTimeUs: number;
  readonly scaleDownUtilizationThreshold: number;
  readonly scaleDownGpuUtilizationThreshold: number;
  readonly unremovableNodeRecheckTimeoutUs: number;
  readonly ignoreDaemonSetsUtilization: boolean;
  readonly ignoreMirrorPodsUtilization: boolean;
  readonly maxScaleDownParallelism: number;
  readonly maxDrainParallelism: number;
  readonly nodeDeleteDelayAfterTaintUs: number;
  readonly nodeDeletionDelayTimeoutUs: number;
  readonly cordonNodeBeforeTerminating: boolean;
  readonly maxGracefulTerminationSeconds: number;
  readonly maxPodEvictionTimeUs: number;
  readonly daemonSetEvictionForEmptyNodes: boolean;
  readonly daemonSetEvictionForOccupiedNodes: boolean;
  readonly recordDuplicatedEvents: boolean;
  readonly maxBulkSoftTaintCount: number;
  readonly maxBulkSoftTaintTimeUs: number;
  readonly drainability: DrainabilityOptions;
}

/** Flags that the rules of draining read. */
export interface DrainabilityOptions {
  readonly skipNodesWithSystemPods: boolean;
  readonly skipNodesWithLocalStorage: boolean;
  readonly skipNodesWithCustomControllerPods: boolean;
  readonly minReplicaCount: number;
  /** `--blocking-system-pod-distruption-timeout`, upstream's spelling. */
  readonly blockingSystemPodTimeoutUs: number;
}

const second = 1_000_000;
const minute = 60 * second;

/** The defaults of 1.36. */
export const defaultOptions: AutoscalingOptions = {
  expanders: ["least-waste"],
  scanIntervalUs: 10 * second,
  frequentLoops: true,
  maxNodesTotal: 0,
  maxNodesPerScaleUp: 1000,
  newPodScaleUpDelayUs: 0,
  expendablePodsPriorityCutoff: -10,
  balanceSimilarNodeGroups: false,
  balancingIgnoreLabels: [],
  enforceNodeGroupMinSize: false,
  scaleUpFromZero: true,
  salvoScaleUp: false,
  salvoScaleUpBudgetUs: minute,
  fastpathBinpacking: false,
  forceDaemonSets: false,
  minCoresTotal: 0,
  maxCoresTotal: 320_000,
  minMemoryTotalBytes: 0,
  maxMemoryTotalBytes: 6_400_000 * 1_073_741_824,
  okTotalUnreadyCount: 3,
  maxTotalUnreadyPercentage: 45,
  maxNodeProvisionTimeUs: 15 * minute,
  maxNodeStartupTimeUs: 15 * minute,
  initialNodeGroupBackoffUs: 5 * minute,
  maxNodeGroupBackoffUs: 30 * minute,
  nodeGroupBackoffResetUs: 180 * minute,
  forceDeleteUnregisteredNodes: false,
  scaleDownEnabled: true,
  scaleDownUnreadyEnabled: true,
  scaleDownDelayAfterAddUs: 10 * minute,
  scaleDownDelayAfterDeleteUs: 0,
  scaleDownDelayAfterFailureUs: 3 * minute,
  scaleDownDelayTypeLocal: false,
  scaleDownUnneededTimeUs: 10 * minute,
  scaleDownUnreadyTimeUs: 20 * minute,
  scaleDownUtilizationThreshold: 0.5,
  scaleDownGpuUtilizationThreshold: 0.5,
  unremovableNodeRecheckTimeoutUs: 5 * minute,
  ignoreDaemonSetsUtilization: false,
  ignoreMirrorPodsUtilization: false,
  maxScaleDownParallelism: 10,
  maxDrainParallelism: 1,
  nodeDeleteDelayAfterTaintUs: 5 * second,
  nodeDeletionDelayTimeoutUs: 2 * minute,
  cordonNodeBeforeTerminating: true,
  maxGracefulTerminationSeconds: 600,
  maxPodEvictionTimeUs: 2 * minute,
  daemonSetEvictionForEmptyNodes: false,
  daemonSetEvictionForOccupiedNodes: true,
  recordDuplicatedEvents: false,
  maxBulkSoftTaintCount: 10,
  maxBulkSoftTaintTimeUs: 3 * second,
  drainability: {
    skipNodesWithSystemPods: true,
    skipNodesWithLocalStorage: true,
    skipNodesWithCustomControllerPods: true,
    minReplicaCount: 0,
    blockingSystemPodTimeoutUs: 60 * minute,
  },
};

/** Flags that a scenario may set, under upstream's names; durations in microseconds. */
export interface AutoscalerFlags {
  readonly expander: string;
  readonly "scan-interval": number;
  readonly "max-nodes-total": number;
  readonly "max-node-provision-time": number;
  readonly "max-nodes-per-scaleup": number;
  readonly "new-pod-scale-up-delay": number;
  readonly "balance-similar-node-groups": boolean;
  readonly "scale-down-enabled": boolean;
  readonly "scale-down-delay-after-add": number;
  readonly "scale-down-delay-after-delete"?: number | undefined;
  readonly "scale-down-delay-after-failure": number;
  readonly "scale-down-unneeded-time": number;
  readonly "scale-down-unready-time": number;
  readonly "scale-down-utilization-threshold": number;
  readonly "max-graceful-termination-sec": number;
  readonly "skip-nodes-with-local-storage": boolean;
  readonly "skip-nodes-with-system-pods": boolean;
  readonly "max-scale-down-parallelism": number;
  readonly "max-drain-parallelism": number;
  readonly "ok-total-unready-count": number;
  readonly "max-total-unready-percentage": number;
  readonly "write-status-configmap": boolean;
}

/** The options that a scenario's flags stand for. */
export function optionsOf(flags: AutoscalerFlags): AutoscalingOptions {
  return {
    ...defaultOptions,
    expanders: flags.expander.split(",").map((name) => name.trim()),
    scanIntervalUs: flags["scan-interval"],
    maxNodesTotal: flags["max-nodes-total"],
    maxNodeProvisionTimeUs: flags["max-node-provision-time"],
    maxNodesPerScaleUp: flags["max-nodes-per-scaleup"],
    newPodScaleUpDelayUs: flags["new-pod-scale-up-delay"],
    balanceSimilarNodeGroups: flags["balance-similar-node-groups"],
    scaleDownEnabled: flags["scale-down-enabled"],
    scaleDownDelayAfterAddUs: flags["scale-down-delay-after-add"],
    scaleDownDelayAfterDeleteUs: flags["scale-down-delay-after-delete"] ?? 0,
    scaleDownDelayAfterFailureUs: flags["scale-down-delay-after-failure"],
    scaleDownUnneededTimeUs: flags["scale-down-unneeded-time"],
    scaleDownUnreadyTimeUs: flags["scale-down-unready-time"],
    scaleDownUtilizationThreshold: flags["scale-down-utilization-threshold"],
    maxGracefulTerminationSeconds: flags["max-graceful-termination-sec"],
    maxScaleDownParallelism: flags["max-scale-down-parallelism"],
    maxDrainParallelism: flags["max-drain-parallelism"],
    okTotalUnreadyCount: flags["ok-total-unready-count"],
    maxTotalUnreadyPercentage: flags["max-total-unready-percentage"],
    drainability: {
      ...defaultOptions.drainability,
      skipNodesWithLocalStorage: flags["skip-nodes-with-local-storage"],
      skipNodesWithSystemPods: flags["skip-nodes-with-system-pods"],
    },
  };
}
