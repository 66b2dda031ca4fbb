export { MetricsApis } from "./metrics-apis.ts";
export { MetricsServer, type MetricsServerOptions } from "./metrics-server.ts";
export { PodPoints, type Sample } from "./pod-points.ts";
