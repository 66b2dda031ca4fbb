export * from "./curve.ts";
export { stepUs } from "./delay-line.ts";
export {
  bucketCount,
  bucketEdgesUs,
  bucketsPerDecade,
  LatencyHistogram,
} from "./latency-histogram.ts";
export type { Observation } from "./observation.ts";
export * from "./plan.ts";
export type { IdleCpu } from "./pod-load.ts";
export { Station, type StationInput, steadyUtilization } from "./station.ts";
export type { Failures, Stretch, UserRequests } from "./stretch.ts";
export { Traffic, type TrafficOptions, type TrafficSinks } from "./traffic.ts";
