import { exp } from "../../../sim/index.ts";
import type { NodeInfo } from "../../snapshot/node-info.ts";
import { fragmentation, type TypicalPod } from "./fragmentation.ts";
import { fittingGpus, gpuPlugin } from "./gpu-policy.ts";
import { freeCpuOf, type GpuRequest, gpuModel, wholeGpu } from "./gpu-request.ts";

interface FgdArgs {
  /** The workload's typical mix. */
  readonly typicalPods?: readonly TypicalPod[];
}

/** Fragmentation gradient descent: the machine, and its GPU, on which a pod makes least of the idle GPUs unusable. */
export const fgdPolicy = gpuPlugin<FgdArgs>({
  name: "FGD",
  create: ({ typicalPods = [] }) => {
    return {
      score: (request, pod, node, left) => {
        const freeCpu = freeCpuOf(node);
        const before = fragmentation(typicalPods, remainder(node, freeCpu, left));
        const after = leastFragmenting(typicalPods, request, node, freeCpu - pod.requests.cpuMillicores, left);
        return Math.trunc(100 / (1 + exp((after.fragmentation - before) / wholeGpu)));
      },
      choose: (_fitting, request, node, left) =>
        leastFragmenting(typicalPods, request, node, freeCpuOf(node), left).gpu,
    };
  },
});

interface Placed {
  readonly fragmentation: number;
  readonly gpu: number;
}

/** `cpuMillicores`: what is left once the pod is there. */
function leastFragmenting(
  mix: readonly TypicalPod[],
  request: GpuRequest,
  node: NodeInfo,
  cpuMillicores: number,
  left: readonly number[],
): Placed {
  const { count, milliEach } = request;
  const fitting = count === 0 ? [] : fittingGpus(request, left);
  if (count === 0 || milliEach === wholeGpu) {
    const gpus = left.slice();
    for (const gpu of fitting.slice(0, count)) gpus[gpu] = 0;
    return { fragmentation: fragmentation(mix, remainder(node, cpuMillicores, gpus)), gpu: fitting[0] ?? -1 };
  }
  let best: Placed | undefined;
  const gpus = left.slice();
  for (const [index, gpu] of fitting.entries()) {
    // GPUs with as much left as one that was tried come to the same.
    if (fitting.slice(0, index).some((earlier) => left[earlier] === left[gpu])) continue;
    gpus[gpu]! -= milliEach;
    const after = fragmentation(mix, remainder(node, cpuMillicores, gpus));
    gpus[gpu]! += milliEach;
    if (best === undefined || after < best.fragmentation) best = { fragmentation: after, gpu };
  }
  return best!;
}

function remainder(
  { labels }: NodeInfo,
  cpuMillicores: number,
  gpus: readonly number[],
): {
  readonly cpuMillicores: number;
  readonly model: string;
  readonly gpus: readonly number[];
} {
  return { cpuMillicores, model: labels[gpuModel] ?? "", gpus };
}
