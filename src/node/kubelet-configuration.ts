import { parseEvictionThresholds } from "../model/index.ts";
import type { Ticker } from "../sim/index.ts";
import { stretched } from "./beats.ts";
import type { EvictionConfiguration } from "./eviction-manager.ts";
import type { ImageGcPolicy } from "./image-gc.ts";
import type { ResizePolicies } from "./infeasible-resize.ts";
import type { ShutdownGroup } from "./shutdown-manager.ts";

/** What of `KubeletConfiguration` changes decisions here; times in microseconds. */
export interface KubeletConfiguration {
  /** `serializeImagePulls` and `maxParallelImagePulls`: pulls at once, Infinity without a bound. Default 1. */
  readonly parallelPulls: number;
  /** `crashLoopBackOff.maxContainerRestartPeriod`. Default 300 s. */
  readonly maxContainerRestartUs: number;
  /** Every pod mounts its service account's token, though no manifest says so. */
  readonly everyPodMounts: boolean;
  readonly eviction: EvictionConfiguration;
  readonly imageGc: ImageGcPolicy;
  /** `nodeStatusMaxImages`: so many images the node's status names, −1 is no bound. Default 50. */
  readonly statusMaxImages: number;
  /** `podPidsLimit`: processes of one pod, −1 is no bound. Default −1. */
  readonly podPidsLimit: number;
  readonly resizePolicies: ResizePolicies;
  /** Graceful node shutdown, by rising priority. Default none: it is inactive. */
  readonly shutdown: readonly ShutdownGroup[];
  /** Where the node's report after a change lies, 0 to 1; 0.5 is no shift. */
  readonly reportDraw: number;
}

/** `evictionHard` where nothing else is said. */
export const defaultEvictionHard: Readonly<Record<string, string>> = {
  "memory.available": "100Mi",
  "nodefs.available": "10%",
  "nodefs.inodesFree": "5%",
  "imagefs.available": "15%",
  "imagefs.inodesFree": "5%",
};

export const defaultEviction: EvictionConfiguration = {
  thresholds: parseEvictionThresholds(defaultEvictionHard).map((threshold) => ({
    ...threshold,
    hard: true,
    graceUs: 0,
    minReclaim: undefined,
  })),
  transitionUs: 300_000_000,
  maxPodGraceSeconds: 0,
};

export const defaultKubeletConfiguration: KubeletConfiguration = {
  parallelPulls: 1,
  maxContainerRestartUs: 300_000_000,
  everyPodMounts: false,
  eviction: defaultEviction,
  imageGc: { highPercent: 85, lowPercent: 80, minAgeUs: 120_000_000, maxAgeUs: 0 },
  statusMaxImages: 50,
  podPidsLimit: -1,
  resizePolicies: { cpuManagerPolicy: "none", memoryManagerPolicy: "None", swapBehavior: "NoSwap" },
  shutdown: [],
  reportDraw: 0.5,
};

/** The loops of one kubelet, each with the phase that its start gave it. */
export interface KubeletClocks {
  /** Empties the re-queue, every second. */
  readonly sync: Ticker;
  /** The PLEG asks the runtime, every second. */
  readonly relist: Ticker;
  /** Orphans and old back-offs are swept, every two seconds. */
  readonly housekeeping: Ticker;
  /** The volume manager's reconciler, every 100 ms. */
  readonly reconcile: Ticker;
  /** The eviction manager's rounds, every ten seconds. */
  readonly eviction: Ticker;
  /** The runtime's own status, every five seconds. */
  readonly runtimeUp: Ticker;
  /** The status manager looks for what was not told, every ten seconds. */
  readonly fullSync: Ticker;
  /** Unused images are looked for, every five minutes. */
  readonly imageGc: Ticker;
  /** The list of images is read for the node's status, every thirty seconds. */
  readonly imageList: Ticker;
  /** The node's status, every ten seconds. */
  readonly nodeStatus: Ticker;
}

/**
 * Clocks of a kubelet that started at an instant, which may lie before the run. `drawOf`: what the n-th look at the node's
 * status waits longer than ten seconds is drawn from; default: each waits exactly as long.
 */
export function kubeletClocks(startUs: number, drawOf?: (tick: number) => number): KubeletClocks {
  const second = 1_000_000;
  const nodeStatus = { phaseUs: startUs + 100_000, periodUs: 10 * second };
  return {
    sync: { phaseUs: startUs, periodUs: second },
    relist: { phaseUs: startUs + 7_000, periodUs: second },
    housekeeping: { phaseUs: startUs, periodUs: 2 * second },
    reconcile: { phaseUs: startUs, periodUs: 100_000 },
    eviction: { phaseUs: startUs, periodUs: 10 * second },
    runtimeUp: { phaseUs: startUs, periodUs: 5 * second },
    imageGc: { phaseUs: startUs, periodUs: 300 * second },
    imageList: { phaseUs: startUs, periodUs: 30 * second },
    fullSync: { phaseUs: startUs, periodUs: 10 * second },
    nodeStatus: drawOf === undefined ? nodeStatus : stretched(nodeStatus, drawOf),
  };
}
