import { type ApiError, requestTimedOut, unavailable } from "../../apiserver/index.ts";
import { callApi, recordEvent, type Task, type View, waitUntil } from "../../client/index.ts";
import {
  type CompiledLabelSelector,
  type CrossVersionObjectReference,
  formatLabelSelector,
  type HorizontalPodAutoscaler,
  type HorizontalPodAutoscalerStatus,
  type KubeObject,
  type LabelSelector,
  type MetricQuery,
  type MetricsAnswer,
  type MetricsApi,
  type MetricValue,
  objectKey,
  type Pod,
  type PodUsage,
  type Time,
} from "../../model/index.ts";
import type { Ports, Scale, ScaleReply } from "./ports.ts";
import { SelectedPods } from "./selected-pods.ts";

/** Upstream's name of the controller; its clients have a token bucket each. */
export const client = "horizontal-pod-autoscaler";
const scaleClient = `${client}/scale`;
/** Pods' times are read again at every sync. */
const rememberedTimes = 10_000;

/** Kinds with a scale subresource whose replicas somebody acts on, and their API group. */
const scalable: ReadonlyMap<string, string> = new Map([
  ["Deployment", "apps"],
  ["ReplicaSet", "apps"],
  ["StatefulSet", "apps"],
  ["ReplicationController", ""],
]);

interface ScalableObject extends KubeObject {
  readonly spec: { readonly replicas?: number; readonly selector?: LabelSelector };
  readonly status?: { readonly replicas?: number };
}

/** What a sync asks of others, carried out in the simulated cluster. */
export class LivePorts implements Ports {
  readonly #view: View;
  readonly #metrics: MetricsApi;
  /** Of objects that are read at every sync: their selectors stay. */
  readonly #selectorTexts = new WeakMap<LabelSelector, string>();
  readonly #tables = new WeakMap<readonly Pod[], SelectedPods>();
  readonly #instants = new Map<Time, number>();

  constructor(view: View, metrics: MetricsApi) {
    this.#view = view;
    this.#metrics = metrics;
  }

  get nowUs(): number {
    return this.#view.nowUs;
  }

  get time(): Time {
    return this.#view.clock.time(this.#view.nowUs);
  }

  pods(namespace: string, selector: CompiledLabelSelector): SelectedPods {
    const pods = this.#view.podsSelected(namespace, selector);
    let table = this.#tables.get(pods);
    if (table === undefined) {
      table = new SelectedPods(pods, (time) => this.#instantUs(time));
      this.#tables.set(pods, table);
    }
    return table;
  }

  *getScale({ metadata, spec }: HorizontalPodAutoscaler): Task<ScaleReply> {
    const { apiVersion = "", kind, name } = spec.scaleTargetRef;
    const group = apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";
    if (scalable.get(kind) !== group) {
      return { ok: false, error: `no matches for kind "${kind}" in group "${group}"`, conflict: false };
    }
    const reply = yield* callApi(scaleClient, { verb: "get", kind, key: objectKey(metadata.namespace, name) });
    return reply.ok ? { ok: true, scale: this.#scaleOf(reply.object as ScalableObject) } : refused(reply.error);
  }

  *updateScale({ target }: Scale, replicas: number): Task<ScaleReply> {
    const object = target as ScalableObject;
    const next = { ...object, spec: { ...object.spec, replicas } };
    const reply = yield* callApi(scaleClient, { verb: "update", next, part: "main" });
    return reply.ok ? { ok: true, scale: this.#scaleOf(reply.object as ScalableObject) } : refused(reply.error);
  }

  *wait(forUs: number): Task<void> {
    yield* waitUntil(this.#view.nowUs + forUs);
  }

  *resourceMetrics(namespace: string, pods: CompiledLabelSelector): Task<MetricsAnswer<PodUsage>> {
    const lost = yield* this.#reach("metrics.k8s.io");
    return lost ?? this.#metrics.resourceMetrics(namespace, pods);
  }

  usageRestsSinceUs(namespace: string, pods: CompiledLabelSelector): number | undefined {
    return this.#metrics.usageRestsSinceUs(namespace, pods);
  }

  *podMetrics(query: MetricQuery, pods: CompiledLabelSelector): Task<MetricsAnswer<MetricValue>> {
    const lost = yield* this.#reach("custom.metrics.k8s.io");
    return lost ?? this.#metrics.podMetrics(query, pods);
  }

  *objectMetric(query: MetricQuery, object: CrossVersionObjectReference): Task<MetricsAnswer<MetricValue>> {
    const lost = yield* this.#reach("custom.metrics.k8s.io");
    return lost ?? this.#metrics.objectMetric(query, object);
  }

  *externalMetrics(query: MetricQuery): Task<MetricsAnswer<MetricValue>> {
    const lost = yield* this.#reach("external.metrics.k8s.io");
    return lost ?? this.#metrics.externalMetrics(query);
  }

  *event(about: HorizontalPodAutoscaler, type: "Normal" | "Warning", reason: string, message: string): Task<void> {
    yield* recordEvent(client, about, type, reason, message);
  }

  *writeStatus(hpa: HorizontalPodAutoscaler, status: HorizontalPodAutoscalerStatus): Task<string | undefined> {
    const reply = yield* callApi(client, { verb: "update", next: { ...hpa, status } as KubeObject, part: "status" });
    return reply.ok ? undefined : reply.error.message;
  }

  #instantUs(time: Time): number {
    let instantUs = this.#instants.get(time);
    if (instantUs === undefined) {
      instantUs = this.#view.clock.instantUs(time);
      if (this.#instants.size >= rememberedTimes) this.#instants.clear();
      this.#instants.set(time, instantUs);
    }
    return instantUs;
  }

  #scaleOf(target: ScalableObject): Scale {
    const { spec, status } = target;
    return {
      specReplicas: spec.replicas ?? 1,
      statusReplicas: status?.replicas ?? 0,
      selector: spec.selector === undefined ? "" : this.#selectorText(spec.selector),
      target,
    };
  }

  #selectorText(selector: LabelSelector): string {
    let text = this.#selectorTexts.get(selector);
    if (text === undefined) {
      const printed = formatLabelSelector(selector);
      text = printed === "<none>" ? "" : printed;
      this.#selectorTexts.set(selector, text);
    }
    return text;
  }

  /** An aggregated API is reached through kube-apiserver: the request spends tokens and time, and fails where that does. */
  *#reach(group: string): Task<{ readonly ok: false; readonly error: string } | undefined> {
    const reply = yield* callApi(`${client}/${group}`, {
      verb: "get",
      kind: "APIService",
      key: objectKey(undefined, group),
    });
    const lost = !reply.ok && (reply.error.code === unavailable.code || reply.error.code === requestTimedOut.code);
    return lost ? { ok: false, error: reply.error.message } : undefined;
  }
}

function refused(error: ApiError): ScaleReply {
  return { ok: false, error: error.message, conflict: error.reason === "Conflict" };
}
