import { type Expectation, holds } from "../scenario/index.ts";
import type { ClusterObserver } from "./cluster-observer.ts";
import type { ExpectationResult, Incident } from "./run-result.ts";
import { milliseconds, type ServiceObserver } from "./service-observer.ts";

export interface Measured {
  readonly services: ServiceObserver;
  readonly cluster: ClusterObserver;
  readonly incidents: readonly Incident[];
  readonly microUsd: number;
}

/** Whether an expectation held, and what was measured. Without data a promise about requests is not kept. */
export function judge(expectation: Expectation, measured: Measured): ExpectationResult {
  const value = measuredValue(expectation, measured);
  const { text, comparison } = expectation;
  if (value === undefined) return { text, held: false, measured: "no data" };
  return { text, held: holds(comparison, value), measured: shown(expectation, value) };
}

function measuredValue(
  expectation: Expectation,
  { services, cluster, incidents, microUsd }: Measured,
): number | undefined {
  switch (expectation.measure) {
    case "p50":
    case "p95":
    case "p99": {
      const window = services.window(expectation);
      if (window === undefined || window.latency.total === 0) return undefined;
      return window.latency.quantileUs({ p50: 0.5, p95: 0.95, p99: 0.99 }[expectation.measure]);
    }
    case "availability": {
      const window = services.window(expectation);
      const decided = window === undefined ? 0 : window.served + window.failed;
      return decided === 0 ? undefined : window!.served / decided;
    }
    case "ready":
      return cluster.leastReady(`${expectation.namespace}/${expectation.workload}`);
    case "pending":
      return cluster.longestPendingUs;
    case "recovery":
      return incidents.reduce(
        (worst, { recoverySeconds }) => Math.max(worst, (recoverySeconds ?? Number.POSITIVE_INFINITY) * 1_000_000),
        0,
      );
    case "cost":
      return microUsd;
  }
}

function shown({ measure }: Expectation, value: number): string {
  switch (measure) {
    case "p50":
    case "p95":
    case "p99":
      return `${milliseconds(value)} ms`;
    case "availability":
      return `${Math.floor(value * 1_000_000) / 10_000} %`;
    case "ready":
      return String(value);
    case "cost":
      return `${(value / 1_000_000).toFixed(2)} USD`;
    default:
      return Number.isFinite(value) ? `${Math.round(value / 100_000) / 10} s` : "not within the run";
  }
}
