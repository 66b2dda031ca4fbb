import { gpuPlugin } from "./gpu-policy.ts";
import { type GpuRequest, gpuRequestOf, wholeGpu } from "./gpu-request.ts";

/** Bands, best first: only this class there, this class and others, nobody, only other classes. */
const bands = { only: 75, among: 50, empty: 25, others: 0 } as const;
/** Within a band the fullest machine gets so much more. */
const withinBand = 24;

/** Pods of one class of GPU size together, on fuller machines first. */
export const gpuClusteringPolicy = gpuPlugin({
  name: "GpuClustering",
  create: () => ({
    score: (request, _pod, node, left) => {
      const wanted = sizeOf(request);
      let same = 0;
      for (const other of node.pods) if (sizeOf(gpuRequestOf(other)) === wanted) same++;
      const band =
        node.pods.length === 0 ? "empty" : same === 0 ? "others" : same === node.pods.length ? "only" : "among";
      const capacity = left.length * wholeGpu;
      const used = capacity === 0 ? 0 : 1 - left.reduce((sum, milli) => sum + milli, 0) / capacity;
      return bands[band] + Math.trunc(withinBand * used);
    },
  }),
});

/** 0 without GPUs, a half for a part of one, else their number. */
function sizeOf({ count, milliEach }: GpuRequest): number {
  return count > 0 && milliEach < wholeGpu ? 0.5 : count;
}
