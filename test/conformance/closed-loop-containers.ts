import type { Store } from "../../src/apiserver/index.ts";
import { PodPoints, type Sample } from "../../src/metrics/index.ts";
import type {
  CompiledLabelSelector,
  EndpointSlice,
  MetricsAnswer,
  MetricsApi,
  MetricValue,
  Pod,
  PodUsage,
  WallClock,
} from "../../src/model/index.ts";
import { SharedLoad } from "./closed-loop-load.ts";
import type { RecordedLoad } from "./closed-loop-recording.ts";

interface Container {
  readonly pod: Pod;
  readonly startedMs: number;
  /** Millicores while it starts, and for how long. */
  readonly startUp: { readonly millicores: number; readonly forMs: number };
  readonly points: PodPoints;
  running: boolean;
  /** For the Service, before it last began to serve; millicore-microseconds. */
  served: number;
}

const resolutionUs = 15_000_000;
const memoryBytes = 104_857_600;

/**
 * What the recordings modelled of running pods: those that are ready share the load of their Service, counters say what
 * each has burnt, and a metrics server reads the counters when it is told to scrape.
 */
export class Containers implements MetricsApi {
  readonly #store: Store;
  readonly #clock: WallClock;
  readonly #nowMs: () => number;
  readonly #loads: ReadonlyMap<string, SharedLoad>;
  readonly #onServing: (service: string, pods: number) => void;
  readonly #containers = new Map<string, Container>();
  readonly #ready = new Map<string, ReadonlySet<string>>();
  readonly #off = new Set<string>();

  /** `startMs`: the recording's 0. `onServing` is told whenever the number of serving pods changes. */
  constructor(
    store: Store,
    nowMs: () => number,
    startMs: number,
    loads: readonly RecordedLoad[],
    onServing: (service: string, pods: number) => void,
  ) {
    this.#store = store;
    this.#clock = store.clock;
    this.#nowMs = nowMs;
    this.#loads = new Map(
      loads.map((load) => {
        const demandMilli = load.demandMilli.map(([atMs, milli]) => [startMs + atMs, milli] as const);
        return [load.service, new SharedLoad({ ...load, demandMilli }, 0)];
      }),
    );
    this.#onServing = onServing;
    store.onCommit(({ before, after }) => {
      const object = after ?? before!;
      if (object.kind === "Pod") this.#onPod(before as Pod | undefined, after as Pod | undefined);
      if (object.kind === "EndpointSlice") this.#onSlice(object as EndpointSlice, after === undefined);
    });
  }

  /** What ran on this machine stops; its pods' objects do not know. */
  powerOff(machine: string): void {
    this.#off.add(machine);
    this.#shareAll();
  }

  scrape(): void {
    for (const [name, container] of this.#containers) container.points.store(this.#samples(name, container), resolutionUs);
  }

  resourceMetrics(namespace: string, pods: CompiledLabelSelector): MetricsAnswer<PodUsage> {
    const items: PodUsage[] = [];
    for (const { pod, points } of this.#containers.values()) {
      const { metadata } = pod;
      if (metadata.namespace !== namespace || !pods.matches(metadata.labels ?? {})) continue;
      const usage = points.usage();
      if (usage !== undefined) items.push(usage);
    }
    return { ok: true, items };
  }

  usageRestsSinceUs(): undefined {
    return undefined;
  }

  podMetrics(): MetricsAnswer<MetricValue> {
    return { ok: true, items: [] };
  }

  objectMetric(): MetricsAnswer<MetricValue> {
    return { ok: true, items: [] };
  }

  externalMetrics(): MetricsAnswer<MetricValue> {
    return { ok: true, items: [] };
  }

  onUsageChange(): void {}

  follow(): void {}

  #onPod(before: Pod | undefined, after: Pod | undefined): void {
    const { name } = (after ?? before!).metadata;
    const container = this.#containers.get(name);
    if (after === undefined) {
      this.#stop(container);
      this.#containers.delete(name);
    } else if (after.status.phase === "Running" && container === undefined) {
      const milliseconds = (key: string): number => Number(after.metadata.annotations?.[`sim/${key}`] ?? 0);
      this.#containers.set(name, {
        pod: after,
        startedMs: this.#nowMs(),
        startUp: { millicores: milliseconds("startup-cpu"), forMs: milliseconds("startup-ms") },
        points: new PodPoints(name, (atUs) => this.#clock.instantUs(this.#clock.time(atUs))),
        running: true,
        served: 0,
      });
    } else if (after.status.phase !== "Running") this.#stop(container);
  }

  #stop(container: Container | undefined): void {
    if (container?.running !== true) return;
    container.running = false;
    this.#shareAll();
  }

  #onSlice(slice: EndpointSlice, gone: boolean): void {
    const ready = (slice.endpoints ?? []).filter(({ conditions }) => conditions?.ready !== false);
    this.#ready.set(slice.metadata.name, new Set(gone ? [] : ready.map(({ targetRef }) => targetRef!.name!)));
    this.#shareAll();
  }

  #shareAll(): void {
    for (const [service, load] of this.#loads) {
      const pods = new Set<string>();
      for (const slice of this.#store.list("EndpointSlice")) {
        if (slice.metadata.labels?.["kubernetes.io/service-name"] !== service) continue;
        for (const name of this.#ready.get(slice.metadata.name) ?? []) if (this.#serves(name)) pods.add(name);
      }
      const count = load.size;
      for (const [name, burnt] of load.serve(pods, this.#nowMs())) this.#containers.get(name)!.served += burnt;
      if (load.size !== count) this.#onServing(service, load.size);
    }
  }

  #serves(name: string): boolean {
    const container = this.#containers.get(name);
    return container?.running === true && !this.#off.has(container.pod.spec.nodeName!);
  }

  #samples(name: string, container: Container): Sample[] {
    if (!this.#serves(name)) return [];
    const nowMs = this.#nowMs();
    const { startedMs, startUp, served } = container;
    let burnt = served + startUp.millicores * Math.min(nowMs - startedMs, startUp.forMs) * 1000;
    for (const load of this.#loads.values()) burnt += load.burnt(name, nowMs);
    const startUs = startedMs * 1000;
    return [{ container: "c", startUs, atUs: nowMs * 1000, cpu: Math.round(burnt), memoryBytes }];
  }
}
