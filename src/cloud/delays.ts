import type { Distribution } from "../sim/index.ts";

/** How long the provider takes. Sources: latencies.md §1; call latency from conformance/closed-loop's `providerCallMs`. */
export interface CloudDelays {
  /** One call to the provider's API. */
  readonly call: Distribution;
  /** From a granted request to an instance that is billed. */
  readonly launch: Distribution;
  /** From there to an operating system that runs: VM initialized. */
  readonly vmInit: Distribution;
  /** From the order to delete until the machine is off. */
  readonly terminate: Distribution;
}

export const defaultCloudDelays: CloudDelays = {
  call: { medianUs: 20_000, p95Us: 60_000 },
  launch: { medianUs: 2_000_000, p95Us: 4_000_000, floorUs: 1_000_000 },
  vmInit: { medianUs: 14_000_000, p95Us: 24_000_000, floorUs: 10_000_000 },
  terminate: { medianUs: 5_000_000, p95Us: 15_000_000, floorUs: 2_000_000 },
};
