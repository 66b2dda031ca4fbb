import type { Expectation } from "../scenario/index.ts";
import { LatencyHistogram, type Stretch } from "../traffic/index.ts";
import type { ServiceResult, ServiceSeries } from "./run-result.ts";
import type { Steps } from "./steps.ts";

interface Totals {
  arrived: number;
  served: number;
  refused: number;
  timedOut: number;
  failedCalls: number;
  waiting: number;
  readonly users: { arrived: number; served: number; failed: number; waiting: number };
  readonly latency: LatencyHistogram;
}

interface Watched {
  readonly external: boolean;
  readonly totals: Totals;
  readonly arrived: Float64Array;
  readonly failed: Float64Array;
  readonly latency: (LatencyHistogram | undefined)[];
}

/** What an expectation about a service counts in its window. */
export interface Window {
  served: number;
  failed: number;
  readonly latency: LatencyHistogram;
}

/** Collects requests: totals, a series, and what expectations ask about. Stretches across a border are shared out by time. */
export class ServiceObserver {
  readonly #steps: Steps;
  readonly #services = new Map<string, Watched>();
  readonly #windows = new Map<Expectation, Window>();
  readonly #expectations = new Map<string, Expectation[]>();
  /** Users' failed requests by step, over all services. */
  readonly failedUsers: Float64Array;

  constructor(steps: Steps, expectations: readonly Expectation[]) {
    this.#steps = steps;
    this.failedUsers = new Float64Array(steps.count);
    for (const expectation of expectations) {
      if (!("service" in expectation)) continue;
      this.#windows.set(expectation, { served: 0, failed: 0, latency: new LatencyHistogram() });
      this.#expectations.set(expectation.service, [
        ...(this.#expectations.get(expectation.service) ?? []),
        expectation,
      ]);
    }
  }

  onStretch(stretch: Stretch): void {
    const { fromUs: startUs } = this.#steps;
    const watched = this.#watched(stretch);
    const { totals } = watched;
    if (stretch.toUs <= startUs) {
      // What waits when the run starts arrives then, as far as its books go.
      totals.arrived = stretch.waiting;
      totals.users.arrived = stretch.users.waiting;
      return;
    }
    addTotals(totals, stretch);
    this.#addSeries(watched, stretch);
    for (const expectation of this.#expectations.get(stretch.service) ?? []) this.#addWindow(expectation, stretch);
  }

  window(expectation: Expectation): Window | undefined {
    return this.#windows.get(expectation);
  }

  #watched({ service, external }: Stretch): Watched {
    let watched = this.#services.get(service);
    if (watched === undefined) {
      const users = { arrived: 0, served: 0, failed: 0, waiting: 0 };
      const zero = { arrived: 0, served: 0, refused: 0, timedOut: 0, failedCalls: 0, waiting: 0 };
      watched = {
        external,
        totals: { ...zero, users, latency: new LatencyHistogram() },
        arrived: new Float64Array(this.#steps.count),
        failed: new Float64Array(this.#steps.count),
        latency: new Array(this.#steps.count).fill(undefined),
      };
      this.#services.set(service, watched);
    }
    return watched;
  }

  #addSeries(watched: Watched, stretch: Stretch): void {
    const { stepUs, fromUs } = this.#steps;
    const lengthUs = stretch.toUs - stretch.fromUs;
    const failed = stretch.failed.refused + stretch.failed.timedOut + stretch.failed.calls;
    const first = Math.max(0, this.#steps.indexAt(stretch.fromUs));
    const last = Math.max(0, this.#steps.indexAt(Math.max(stretch.fromUs, stretch.toUs - 1)));
    for (let index = first; index <= last; index += 1) {
      const from = Math.max(stretch.fromUs, fromUs + index * stepUs);
      const to = Math.min(stretch.toUs, fromUs + (index + 1) * stepUs);
      const share = lengthUs === 0 ? 1 : Math.max(0, to - from) / lengthUs;
      if (share === 0) continue;
      watched.arrived[index]! += stretch.arrived * share;
      watched.failed[index]! += failed * share;
      this.failedUsers[index]! += stretch.users.failed * share;
      let histogram = watched.latency[index];
      if (histogram === undefined) {
        histogram = new LatencyHistogram();
        watched.latency[index] = histogram;
      }
      addShare(histogram, stretch.latency, share);
    }
  }

  #addWindow(expectation: Expectation, stretch: Stretch): void {
    const window = this.#windows.get(expectation)!;
    const lengthUs = stretch.toUs - stretch.fromUs;
    const from = Math.max(stretch.fromUs, expectation.fromUs);
    const to = Math.min(stretch.toUs, expectation.toUs);
    const share = lengthUs === 0 ? (from <= to ? 1 : 0) : Math.max(0, to - from) / lengthUs;
    if (share === 0) return;
    const { users } = stretch;
    const asked = users.arrived > 0 || users.failed > 0 || users.served > 0;
    window.served += (asked ? users.served : stretch.served) * share;
    window.failed +=
      (asked ? users.failed : stretch.failed.refused + stretch.failed.timedOut + stretch.failed.calls) * share;
    addShare(window.latency, stretch.latency, share);
  }

  results(): ServiceResult[] {
    const { stepUs } = this.#steps;
    return this.#sorted().map(([service, { external, totals, arrived }]) => {
      const { users, latency, ...counts } = totals;
      const asked = users.arrived > 0;
      const failed = counts.refused + counts.timedOut + counts.failedCalls;
      const decided = asked ? users.served + users.failed : counts.served + failed;
      const good = asked ? users.served : counts.served;
      return {
        service,
        external,
        ...counts,
        ...(asked && { users: { ...users } }),
        availability: decided === 0 ? 1 : good / decided,
        ...quantiles(latency),
        peakPerSecond: rounded(Math.max(0, ...arrived) / (stepUs / 1_000_000)),
      };
    });
  }

  series(): ServiceSeries[] {
    const seconds = this.#steps.stepUs / 1_000_000;
    return this.#sorted().map(([service, { arrived, failed, latency }]) => {
      const of = (p: number): (number | null)[] =>
        latency.map((histogram) =>
          histogram === undefined || histogram.total === 0 ? null : milliseconds(histogram.quantileUs(p)),
        );
      const rate = (counts: Float64Array): number[] => Array.from(counts, (count) => rounded(count / seconds));
      return {
        service,
        perSecond: rate(arrived),
        failedPerSecond: rate(failed),
        p50Ms: of(0.5),
        p95Ms: of(0.95),
        p99Ms: of(0.99),
      };
    });
  }

  #sorted(): [string, Watched][] {
    return [...this.#services].sort(([a], [b]) => (a < b ? -1 : 1));
  }
}

function addTotals(totals: Totals, { arrived, served, failed, waiting, users, latency }: Stretch): void {
  totals.arrived += arrived;
  totals.served += served;
  totals.refused += failed.refused;
  totals.timedOut += failed.timedOut;
  totals.failedCalls += failed.calls;
  totals.waiting = waiting;
  totals.users.arrived += users.arrived;
  totals.users.served += users.served;
  totals.users.failed += users.failed;
  totals.users.waiting = users.waiting;
  totals.latency.merge(latency);
}

function addShare(into: LatencyHistogram, from: LatencyHistogram, share: number): void {
  if (share === 1) into.merge(from);
  else into.mergeShare(from, share);
}

function quantiles(latency: LatencyHistogram): {
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
} {
  const of = (p: number): number => (latency.total === 0 ? 0 : milliseconds(latency.quantileUs(p)));
  return { p50Ms: of(0.5), p95Ms: of(0.95), p99Ms: of(0.99) };
}

/** Tenths of a millisecond: finer than the histogram's buckets above 2 ms. */
export function milliseconds(us: number): number {
  return Math.round(us / 100) / 10;
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
