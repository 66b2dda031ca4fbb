import { fittingGpus, gpuPlugin, leastLeft } from "./gpu-policy.ts";
import { freeCpuOf, wholeGpu } from "./gpu-request.ts";

/** The largest machine: CPU, and GPUs of 1,000 each. One dimension is the CPU, each GPU is one. */
const cpuMillicores = 128_000;
const dimensions = 1 + 8;

/** The machine whose free resources point least where the demand points (of a part's GPUs, the one with least left). */
export const dotProdPolicy = gpuPlugin({
  name: "DotProd",
  create: () => ({
    score: (request, pod, node, left) => {
      const { count, milliEach } = request;
      let product = (pod.requests.cpuMillicores / cpuMillicores) * (freeCpuOf(node) / cpuMillicores);
      if (count > 0 && milliEach === wholeGpu) product += count;
      else if (count > 0) {
        const gpu = leastLeft(fittingGpus(request, left), left);
        product += (milliEach / wholeGpu) * (left[gpu]! / wholeGpu);
      }
      return Math.trunc(100 * (1 - product / dimensions));
    },
  }),
});
