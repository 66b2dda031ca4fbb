import type { PluginDefinition } from "../../framework/plugin.ts";
import { bestFitPolicy } from "./best-fit.ts";
import { dotProdPolicy } from "./dot-prod.ts";
import { fgdPolicy } from "./fgd.ts";
import { gpuClusteringPolicy } from "./gpu-clustering.ts";
import { gpuPackingPolicy } from "./gpu-packing.ts";
import { randomPolicy } from "./random.ts";

export { fragmentation, type TypicalPod } from "./fragmentation.ts";
export { gpuDevicesOf } from "./gpu-devices.ts";
export { gpuCount, gpuIndex, gpuMilli, gpuModel } from "./gpu-request.ts";

/** Placement policies for shared GPUs, after Weng et al., USENIX ATC'23; a KubeSchedulerConfiguration enables one by name. */
export const gpuPolicies: readonly PluginDefinition[] = [
  randomPolicy,
  bestFitPolicy,
  dotProdPolicy,
  gpuPackingPolicy,
  gpuClusteringPolicy,
  fgdPolicy,
];
