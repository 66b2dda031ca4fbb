import type { NodeInfo } from "../../snapshot/node-info.ts";
import type { PodInfo } from "../../snapshot/pod-info.ts";

/** Extended resource of nodes and pods: GPUs. */
export const gpuCount = "alibabacloud.com/gpu-count";
/** Extended resource of pods: thousandths of each of their GPUs; 1000 is a whole one. */
export const gpuMilli = "alibabacloud.com/gpu-milli";
/** Label of nodes: what kind of GPUs they have. */
export const gpuModel = "alibabacloud.com/gpu-model";
/** Annotation of pods: indices of the GPUs they hold, joined by `-`. */
export const gpuIndex = "alibabacloud.com/gpu-index";

export const wholeGpu = 1000;

/** What a pod asks of GPUs: a part of one, or several whole ones. */
export interface GpuRequest {
  readonly count: number;
  /** Thousandths of each. */
  readonly milliEach: number;
}

export function gpuRequestOf({ requests }: PodInfo): GpuRequest {
  const count = requests.scalars.get(gpuCount) ?? 0;
  const milliEach = requests.scalars.get(gpuMilli) ?? wholeGpu;
  return { count, milliEach: count === 0 ? 0 : milliEach };
}

export function freeCpuOf({ allocatable, requestedCpuMillicores }: NodeInfo): number {
  return allocatable.cpuMillicores - requestedCpuMillicores;
}
