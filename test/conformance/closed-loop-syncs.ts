import type { Task } from "../../src/client/index.ts";
import { AutoscalerMemory } from "../../src/controllers/horizontal-pod-autoscaler/memory.ts";
import { groupPods } from "../../src/controllers/horizontal-pod-autoscaler/pod-groups.ts";
import { resourceMetrics } from "../../src/controllers/horizontal-pod-autoscaler/pod-metrics.ts";
import type { AutoscalerFlags, Ports, Scale, ScaleReply } from "../../src/controllers/horizontal-pod-autoscaler/ports.ts";
import { SelectedPods } from "../../src/controllers/horizontal-pod-autoscaler/selected-pods.ts";
import { syncAutoscaler } from "../../src/controllers/horizontal-pod-autoscaler/sync.ts";
import {
  applyDefaults,
  type CompiledLabelSelector,
  type HorizontalPodAutoscaler,
  type HorizontalPodAutoscalerStatus,
  keyOf,
  type MetricsAnswer,
  type MetricValue,
  type PodUsage,
  type Time,
  type WallClock,
} from "../../src/model/index.ts";
import { type CaseResult, firstDifference } from "./area.ts";
import { RecordedPods } from "./closed-loop-pods.ts";
import { clockOf, type LoopRecording, type RecordedSync } from "./closed-loop-recording.ts";

const flags: AutoscalerFlags = {
  syncPeriodUs: 15_000_000,
  downscaleStabilizationUs: 300_000_000,
  tolerance: 0.1,
  windows: { cpuInitializationUs: 300_000_000, initialReadinessUs: 30_000_000 },
  configurableTolerance: true,
  scaleToZero: false,
};

/** Every sync of every autoscaler, given the pods and metrics that it read: one case each. */
export function* replaySyncs(recording: LoopRecording): Iterable<CaseResult> {
  for (const [service, syncs] of Object.entries(recording.hpa)) {
    const replay = new SyncReplay(recording, service);
    for (const sync of syncs) {
      const difference = replay.difference(sync);
      const result = { group: "open loop: syncs of the HPA", id: `${recording.name} ${service} at ${sync.atMs} ms` };
      yield difference === undefined ? result : { ...result, difference };
    }
  }
}

class SyncReplay {
  readonly #clock: WallClock;
  readonly #pods: RecordedPods;
  readonly #memory = new AutoscalerMemory();
  #hpa: HorizontalPodAutoscaler;

  constructor(recording: LoopRecording, service: string) {
    this.#clock = clockOf(recording, 0);
    this.#pods = new RecordedPods(recording, this.#clock);
    const created = recording.actions.find(
      ({ object }) => object?.kind === "HorizontalPodAutoscaler" && object.metadata.name === service,
    );
    const { metadata } = created!.object!;
    const object = { ...created!.object, metadata: { ...metadata, namespace: recording.namespace } };
    this.#hpa = applyDefaults(object as never) as unknown as HorizontalPodAutoscaler;
    this.#memory.selectors.add(keyOf(this.#hpa));
  }

  difference(sync: RecordedSync): string | undefined {
    const { name } = this.#hpa.metadata;
    const pods = this.#pods.at(sync.atMs).filter(({ metadata }) => metadata.labels?.["app"] === name);
    const selected = new SelectedPods(pods, (time) => this.#clock.instantUs(time));
    const ports = new SyncPorts(sync, selected, this.#clock, `app=${name}`);
    const metrics = resourceMetrics(ports.items, selected, "cpu", "");
    const groups = groupPods(selected, metrics, "cpu", flags.windows, ports.nowUs);
    this.#memory.endSleep(keyOf(this.#hpa));
    const { done, value: error } = syncAutoscaler(this.#hpa, ports, flags, this.#memory).next();
    if (done !== true) throw new Error("these ports never wait");
    const status = ports.status ?? this.#hpa.status;
    if (ports.status !== undefined) this.#hpa = { ...this.#hpa, status: ports.status };
    const newest = this.#memory.histories.get(keyOf(this.#hpa))?.recommendations.find(({ atUs }) => atUs === ports.nowUs);
    const failed = error !== undefined;
    return firstDifference(
      {
        readyUnreadyMissing: sync.readyUnreadyMissing,
        failed: sync.error !== undefined,
        utilization: sync.utilization,
        proposal: sync.proposal,
        desired: sync.desired ?? undefined,
      },
      {
        readyUnreadyMissing: [groups.readyCount, groups.unready.length, groups.missing.length],
        failed,
        utilization: failed ? undefined : status.currentMetrics?.[0]?.resource?.current.averageUtilization,
        proposal: failed ? undefined : newest?.replicas,
        desired: failed ? undefined : (ports.rescaledTo ?? sync.current),
      },
    );
  }
}

/** Answers one sync from the recording, at one instant. */
class SyncPorts implements Ports {
  readonly nowUs: number;
  readonly time: Time;
  readonly items: readonly PodUsage[];
  readonly #pods: SelectedPods;
  readonly #scale: Scale;
  rescaledTo: number | undefined;
  status: HorizontalPodAutoscalerStatus | undefined;

  constructor({ atMs, scrapeAtMs, current, metrics }: RecordedSync, pods: SelectedPods, clock: WallClock, selector: string) {
    this.nowUs = atMs * 1000;
    this.time = clock.time(this.nowUs);
    this.#pods = pods;
    this.#scale = { specReplicas: current, statusReplicas: current, selector, target: undefined };
    const timestampUs = clock.instantUs(clock.time(scrapeAtMs * 1000));
    this.items = Object.entries(metrics).map(([pod, [cpuNanocores, windowMs]]) => ({
      pod,
      timestampUs,
      windowUs: windowMs * 1000,
      containers: [{ name: "c", cpuNanocores, memoryBytes: undefined }],
    }));
  }

  pods(): SelectedPods {
    return this.#pods;
  }

  usageRestsSinceUs(): undefined {
    return undefined;
  }

  *getScale(): Task<ScaleReply> {
    return { ok: true, scale: this.#scale };
  }

  *updateScale(scale: Scale, replicas: number): Task<ScaleReply> {
    this.rescaledTo = replicas;
    return { ok: true, scale: { ...scale, specReplicas: replicas } };
  }

  *wait(): Task<void> {}

  *resourceMetrics(_namespace: string, _pods: CompiledLabelSelector): Task<MetricsAnswer<PodUsage>> {
    return { ok: true, items: this.items };
  }

  *podMetrics(): Task<MetricsAnswer<MetricValue>> {
    return { ok: true, items: [] };
  }

  *objectMetric(): Task<MetricsAnswer<MetricValue>> {
    return { ok: true, items: [] };
  }

  *externalMetrics(): Task<MetricsAnswer<MetricValue>> {
    return { ok: true, items: [] };
  }

  *event(): Task<void> {}

  *writeStatus(_hpa: HorizontalPodAutoscaler, status: HorizontalPodAutoscalerStatus): Task<undefined> {
    this.status = status;
    return undefined;
  }
}
