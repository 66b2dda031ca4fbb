import type { Task } from "../../src/client/index.ts";
import type { Ports, Scale, ScaleReply } from "../../src/controllers/horizontal-pod-autoscaler/ports.ts";
import { SelectedPods } from "../../src/controllers/horizontal-pod-autoscaler/selected-pods.ts";
import {
  type CompiledLabelSelector,
  type HorizontalPodAutoscaler,
  type HorizontalPodAutoscalerStatus,
  type MetricQuery,
  type MetricsAnswer,
  type MetricValue,
  milliValue,
  type PodUsage,
  type Time,
} from "../../src/model/index.ts";
import { containerUsage } from "./hpa-recorded.ts";
import type { RecordedWorld } from "./hpa-world.ts";

type Ranges = readonly (readonly [quantity: string, first: number, last: number])[];

/** One answer of a metrics API. */
export interface RecordedAnswer {
  readonly call: string;
  readonly error?: string;
  readonly cpu?: Ranges;
  readonly memory?: Ranges;
  readonly sidecarCpu?: Ranges;
  readonly windowMs?: number;
  readonly values?: Ranges | readonly string[];
  readonly value?: string;
}

/** What a sync sees and what it may not know: absent fields are filled in from the syncs before. */
export interface SyncInputs {
  /** When the scale was read. */
  readonly atMs: number;
  readonly startedMs: number;
  readonly scale: readonly [spec: number, status: number];
  readonly scaleError: string | undefined;
  readonly api: readonly RecordedAnswer[];
  readonly metricsAgeMs: number;
  readonly updateErrors: readonly string[];
}

export interface RecordedEvent {
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly atMs: number;
}

/** Answers a sync's requests from the recording, and notes what it wrote. */
export class RecordedPorts implements Ports {
  readonly #world: RecordedWorld;
  readonly #inputs: SyncInputs;
  readonly #selector: string;
  readonly #latencyMs: number;
  #nowMs: number;
  #updates = 0;
  metricsCalls = 0;
  rescaledTo: number | undefined;
  conflicted = false;
  readonly events: RecordedEvent[] = [];
  readonly statuses: HorizontalPodAutoscalerStatus[] = [];

  constructor(world: RecordedWorld, inputs: SyncInputs, selector: string, latencyMs: number) {
    this.#world = world;
    this.#inputs = inputs;
    this.#selector = selector;
    this.#latencyMs = latencyMs;
    this.#nowMs = inputs.startedMs;
  }

  get nowUs(): number {
    return this.#nowMs * 1000;
  }

  get time(): Time {
    return this.#world.time(this.#nowMs);
  }

  pods(_namespace: string, selector: CompiledLabelSelector): SelectedPods {
    const pods = [...this.#world.podsAt(this.#nowMs)].filter(({ metadata }) => selector.matches(metadata.labels));
    return new SelectedPods(pods, (time) => this.#world.atMs(time) * 1000);
  }

  /** Who replays wakes the autoscaler when something has changed. */
  usageRestsSinceUs(): number {
    const { atMs, metricsAgeMs, api } = this.#inputs;
    const longestMs = Math.max(0, ...api.map(({ windowMs = 0 }) => windowMs));
    return (atMs - metricsAgeMs - longestMs) * 1000;
  }

  *getScale(): Task<ScaleReply> {
    const { scale, scaleError } = this.#inputs;
    this.#nowMs += this.#latencyMs;
    if (scaleError !== undefined) return { ok: false, error: scaleError, conflict: false };
    return { ok: true, scale: this.#scale(scale[0], scale[1]) };
  }

  *updateScale({ statusReplicas }: Scale, replicas: number): Task<ScaleReply> {
    this.#nowMs += this.#latencyMs;
    const error = this.#inputs.updateErrors[this.#updates];
    this.#updates += 1;
    if (error !== undefined) return { ok: false, error, conflict: error.startsWith("Operation cannot be fulfilled") };
    this.rescaledTo = replicas;
    return { ok: true, scale: this.#scale(replicas, statusReplicas) };
  }

  *wait(forUs: number): Task<void> {
    this.conflicted = true;
    this.#nowMs += forUs / 1000;
  }

  *resourceMetrics(): Task<MetricsAnswer<PodUsage>> {
    const answer = this.#answer("resource");
    if (answer.error !== undefined) return { ok: false, error: answer.error };
    const timestampUs = (this.#inputs.atMs - this.#inputs.metricsAgeMs) * 1000;
    const windowUs = (answer.windowMs ?? 0) * 1000;
    const usages = new Map<string, Record<string, Record<string, string>>>();
    const add = (ranges: Ranges | undefined, container: string, resource: string): void => {
      for (const [quantity, first, last] of ranges ?? []) {
        for (let index = first; index <= last; index += 1) {
          const containers = usages.get(`web-${index}`) ?? {};
          usages.set(`web-${index}`, containers);
          containers[container] = { ...containers[container], [resource]: quantity };
        }
      }
    };
    add(answer.cpu, "app", "cpu");
    add(answer.memory, "app", "memory");
    add(answer.sidecarCpu, "log-shipper", "cpu");
    const items = [...usages].map(([pod, containers]) => ({
      pod,
      timestampUs,
      windowUs,
      containers: Object.entries(containers).map(([name, usage]) => containerUsage(name, usage)),
    }));
    return { ok: true, items };
  }

  *podMetrics(): Task<MetricsAnswer<MetricValue>> {
    const { error, values = [] } = this.#answer("pods");
    if (error !== undefined) return { ok: false, error };
    const items: MetricValue[] = [];
    for (const [quantity, first, last] of values as Ranges) {
      for (let index = first; index <= last; index += 1) items.push(metricValue(`web-${index}`, quantity));
    }
    return { ok: true, items };
  }

  *objectMetric(): Task<MetricsAnswer<MetricValue>> {
    const { error, value } = this.#answer("object");
    return error === undefined ? { ok: true, items: [metricValue("", value!)] } : { ok: false, error };
  }

  *externalMetrics(_query: MetricQuery): Task<MetricsAnswer<MetricValue>> {
    const { error, values = [] } = this.#answer("external");
    if (error !== undefined) return { ok: false, error };
    return { ok: true, items: (values as readonly string[]).map((value) => metricValue("", value)) };
  }

  *event(_about: HorizontalPodAutoscaler, type: string, reason: string, message: string): Task<void> {
    this.events.push({ type, reason, message, atMs: this.#nowMs });
  }

  *writeStatus(_hpa: HorizontalPodAutoscaler, status: HorizontalPodAutoscalerStatus): Task<undefined> {
    this.statuses.push(status);
    return undefined;
  }

  #scale(specReplicas: number, statusReplicas: number): Scale {
    const target = this.#world.target(specReplicas, statusReplicas);
    return { specReplicas, statusReplicas, selector: this.#selector, target };
  }

  #answer(call: string): RecordedAnswer {
    const answer = this.#inputs.api[this.metricsCalls];
    this.metricsCalls += 1;
    this.#nowMs += this.#latencyMs;
    if (answer?.call !== call) throw new Error(`asked ${call}, recorded ${answer?.call ?? "nothing"}`);
    return answer;
  }
}

function metricValue(name: string, quantity: string): MetricValue {
  return { name, milli: milliValue(quantity), timestampUs: 0, windowUs: 60_000_000 };
}
