import {
  type MetricQuery,
  type MetricsAnswer,
  type MetricValue,
  matchesLabelSelector,
  nameOf,
  namespaceOf,
  type ObjectKey,
  type Pod,
} from "../model/index.ts";
import { type EventLoop, handler, nextTickAt, phase, type Ticker } from "../sim/index.ts";
import type { RunningPod, World } from "../world/index.ts";
import { SampledSeries } from "./sampled-series.ts";
import { type Gauges, type TrafficMetric, trafficMetrics } from "./traffic-metrics.ts";

/** What the software of the cluster tells of itself on its metrics pages. */
export interface TrafficSource {
  /** Services (`namespace/name`) and externals that are asked. */
  names(): readonly string[];
  /** `undefined`: nobody asks it. */
  service(name: string): Gauges | undefined;
  /** `undefined`: it answers nobody. */
  pod(pod: RunningPod): Gauges | undefined;
}

export interface MetricsAdapterOptions {
  readonly loop: EventLoop;
  readonly world: World;
  /** Prometheus' scrapes. */
  readonly ticker: Ticker;
  /** Of `rate(…[2m])` in the adapter's queries. */
  readonly rateWindowUs: number;
  readonly traffic: TrafficSource;
}

/** A series that nobody has read for so long is not sampled any more. */
const forgottenAfterUs = 600_000_000;

/**
 * Prometheus with an adapter in front: it scrapes on its own beat, and every question is answered by a query of that
 * moment over what was scraped. Rates are means over the rate window, so they lag; other figures are those of the last
 * scrape. Only what somebody reads is sampled.
 */
export class MetricsAdapter {
  readonly name = "prometheus";
  /** Nobody reaches it. */
  cutOff = false;
  readonly #options: MetricsAdapterOptions;
  readonly #series = new Map<string, SampledSeries>();
  #running = true;
  #scraping = false;
  readonly #scrape = handler<undefined>("prometheus/scrape", () => this.#onScrape());

  constructor(options: MetricsAdapterOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running = true;
  }

  /** It answers nobody and forgets what it has scraped, until it is started again. */
  crash(): void {
    this.#running = false;
    this.#series.clear();
  }

  /** One value for each pod that has been scraped. */
  podMetrics({ metric }: MetricQuery, pods: Iterable<Pod>): MetricsAnswer<MetricValue> {
    if (this.#isLost) return unavailable;
    const known = trafficMetrics.get(metric);
    if (known === undefined) return notFound(`${metric} for pods`);
    const { traffic, world } = this.#options;
    const items: MetricValue[] = [];
    for (const pod of pods) {
      const { uid, name } = pod.metadata;
      const running = world.pod(uid);
      if (running?.main.running !== true) continue;
      const read = (): number | undefined => {
        if (running.gone || !running.machine.alive) return undefined;
        const gauges = traffic.pod(running);
        return gauges === undefined ? 0 : known.of(gauges);
      };
      const value = this.#read(`${metric}/pod/${uid}`, known, running.main.startedAtUs, read);
      if (value !== undefined) items.push(this.#value(name, value));
    }
    return { ok: true, items };
  }

  /** Of a Service, which is what describes traffic here. */
  objectMetric(
    { namespace, metric }: MetricQuery,
    { kind, name }: { readonly kind: string; readonly name: string },
  ): MetricsAnswer<MetricValue> {
    if (this.#isLost) return unavailable;
    const known = trafficMetrics.get(metric);
    const value = kind === "Service" && known ? this.#readService(known, metric, `${namespace}/${name}`) : undefined;
    if (value === undefined) return notFound(`${metric} for ${kind.toLowerCase()}s ${name}`);
    return { ok: true, items: [this.#value(name, value)] };
  }

  /** Series of the namespace's services, labelled `service`, and of externals, labelled `external`. */
  externalMetrics({ namespace, metric, selector }: MetricQuery): MetricsAnswer<MetricValue> {
    if (this.#isLost) return unavailable;
    const known = trafficMetrics.get(metric);
    if (known === undefined) return { ok: true, items: [] };
    const items: MetricValue[] = [];
    for (const name of this.#options.traffic.names()) {
      const isService = name.includes("/");
      if (isService && namespaceOf(name as ObjectKey) !== namespace) continue;
      const labels: Record<string, string> = isService
        ? { namespace, service: nameOf(name as ObjectKey) }
        : { external: name };
      if (!matchesLabelSelector(selector ?? {}, labels)) continue;
      const value = this.#readService(known, metric, name);
      if (value !== undefined) items.push(this.#value(name, value));
    }
    return { ok: true, items };
  }

  get #isLost(): boolean {
    return this.cutOff || !this.#running;
  }

  #readService(known: TrafficMetric, metric: string, name: string): number | undefined {
    const read = (): number | undefined => {
      const gauges = this.#options.traffic.service(name);
      return gauges && known.of(gauges);
    };
    return this.#read(`${metric}/service/${name}`, known, Number.NEGATIVE_INFINITY, read);
  }

  /** What the query says now. A series that nobody read before is taken to have been as it is now. */
  #read(id: string, { isRate }: TrafficMetric, bornUs: number, read: () => number | undefined): number | undefined {
    const { loop, ticker, rateWindowUs } = this.#options;
    let series = this.#series.get(id);
    if (series === undefined) {
      series = new SampledSeries(read, isRate ? Math.max(2, Math.round(rateWindowUs / ticker.periodUs)) : 1);
      if (bornUs <= loop.nowUs - rateWindowUs) series.fill();
      if (!this.#scraping) this.#scheduleScrape();
      this.#series.set(id, series);
    }
    series.readUs = loop.nowUs;
    return series.mean(isRate ? 2 : 1);
  }

  #value(name: string, value: number): MetricValue {
    const { nowUs } = this.#options.loop;
    return { name, milli: Math.trunc(value * 1000), timestampUs: nowUs, windowUs: 60_000_000 };
  }

  #onScrape(): void {
    const { nowUs } = this.#options.loop;
    this.#scraping = false;
    for (const [id, series] of this.#series) {
      if (nowUs - series.readUs > forgottenAfterUs) this.#series.delete(id);
      else series.sample();
    }
    if (this.#series.size > 0) this.#scheduleScrape();
  }

  #scheduleScrape(): void {
    const { loop, ticker } = this.#options;
    this.#scraping = true;
    loop.schedule(nextTickAt(ticker, loop.nowUs + 1), phase.api, this.#scrape, undefined);
  }
}

const unavailable = { ok: false, error: "the server is currently unable to handle the request" } as const;

function notFound(what: string): MetricsAnswer<MetricValue> {
  return { ok: false, error: `the server could not find the metric ${what}` };
}
