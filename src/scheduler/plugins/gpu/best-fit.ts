import { gpuPlugin } from "./gpu-policy.ts";
import { freeCpuOf } from "./gpu-request.ts";

/** The largest machine, by which amounts are measured. */
const cpuMillicores = 128_000;
const gpuMilli = 8_000;

/** The machine on which least is left over. */
export const bestFitPolicy = gpuPlugin({
  name: "BestFit",
  create: () => ({
    score: ({ count, milliEach }, pod, node, left) => {
      const cpu = freeCpuOf(node) - pod.requests.cpuMillicores;
      const gpu = left.reduce((sum, milli) => sum + milli, 0) - count * milliEach;
      return Math.trunc(100 * (1 - (0.5 * cpu) / cpuMillicores - (0.5 * gpu) / gpuMilli));
    },
  }),
});
