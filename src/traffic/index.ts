export * from "./curve.ts";
export {
  bucketCount,
  bucketEdgesUs,
  bucketsPerDecade,
  LatencyHistogram,
} from "./latency-histogram.ts";
export * from "./plan.ts";
export type { IdleCpu } from "./pod-load.ts";
export { stepUs } from "./service.ts";
export { Station, type StationInput, steadyUtilization } from "./station.ts";
export type { Failures, Stretch, UserRequests } from "./stretch.ts";
export { type Observation, Traffic, type TrafficOptions, type TrafficSinks } from "./traffic.ts";
