import { fittingGpus, gpuPlugin, leastLeft } from "./gpu-policy.ts";
import { wholeGpu } from "./gpu-request.ts";

/** GPUs that are shared already first, then idle ones of machines in use, then idle machines. */
export const gpuPackingPolicy = gpuPlugin({
  name: "GpuPacking",
  create: () => ({
    score: (request, _pod, node, left) => {
      if (request.count > 0 && request.milliEach < wholeGpu) {
        const milli = left[leastLeft(fittingGpus(request, left), left)]!;
        if (milli < wholeGpu) return Math.max(50, Math.trunc(100 - milli / 10));
      }
      if (node.pods.length === 0) return Math.max(0, 33 - left.length);
      return Math.max(33, 50 - left.filter((milli) => milli === wholeGpu).length);
    },
  }),
});
