/** How a service or a pod does at a moment. */
export interface Gauges {
  readonly perSecond: number;
  readonly inFlight: number;
  readonly queued: number;
  readonly p50Us: number;
  readonly p95Us: number;
  readonly p99Us: number;
  /** 0 to 1. */
  readonly failedShare: number;
  /** 0 to 1. */
  readonly utilization: number;
}

export interface TrafficMetric {
  /** A rate over a window; otherwise what the last scrape saw. */
  readonly isRate: boolean;
  /** In the metric's unit. */
  readonly of: (gauges: Gauges) => number;
}

/** Custom and external metrics by name: what autoscalers may scale on. Latencies in seconds, as Prometheus' users count. */
export const trafficMetrics: ReadonlyMap<string, TrafficMetric> = new Map([
  ["requests_per_second", { isRate: true, of: ({ perSecond }) => perSecond }],
  ["http_requests_per_second", { isRate: true, of: ({ perSecond }) => perSecond }],
  ["failed_requests_per_second", { isRate: true, of: ({ perSecond, failedShare }) => perSecond * failedShare }],
  ["requests_in_flight", { isRate: false, of: ({ inFlight }) => inFlight }],
  ["queue_depth", { isRate: false, of: ({ queued }) => queued }],
  ["latency_p50_seconds", { isRate: false, of: ({ p50Us }) => p50Us / 1_000_000 }],
  ["latency_p95_seconds", { isRate: false, of: ({ p95Us }) => p95Us / 1_000_000 }],
  ["latency_p99_seconds", { isRate: false, of: ({ p99Us }) => p99Us / 1_000_000 }],
  ["utilization", { isRate: false, of: ({ utilization }) => utilization }],
] satisfies [string, TrafficMetric][]);
