import type { Ticker } from "../sim/index.ts";

/** What of `KubeletConfiguration` changes decisions here; times in microseconds. */
export interface KubeletConfiguration {
  /** `serializeImagePulls` and `maxParallelImagePulls`: pulls at once, Infinity without a bound. Default 1. */
  readonly parallelPulls: number;
  /** `crashLoopBackOff.maxContainerRestartPeriod`. Default 300 s. */
  readonly maxContainerRestartUs: number;
  /** Every pod mounts its service account's token, though no manifest says so. */
  readonly everyPodMounts: boolean;
}

export const defaultKubeletConfiguration: KubeletConfiguration = {
  parallelPulls: 1,
  maxContainerRestartUs: 300_000_000,
  everyPodMounts: false,
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
}

/** Clocks of a kubelet that started at an instant, which may lie before the run. */
export function kubeletClocks(startUs: number): KubeletClocks {
  const second = 1_000_000;
  return {
    sync: { phaseUs: startUs, periodUs: second },
    relist: { phaseUs: startUs + 7_000, periodUs: second },
    housekeeping: { phaseUs: startUs, periodUs: 2 * second },
    reconcile: { phaseUs: startUs, periodUs: 100_000 },
  };
}
