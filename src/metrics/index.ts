export { MetricsAdapter, type MetricsAdapterOptions, type TrafficSource } from "./metrics-adapter.ts";
export { type ExternalSource, MetricsApis } from "./metrics-apis.ts";
export { MetricsServer, type MetricsServerOptions, type PodsMatching } from "./metrics-server.ts";
export { PodPoints, type Sample } from "./pod-points.ts";
export { type Gauges, trafficMetrics } from "./traffic-metrics.ts";
