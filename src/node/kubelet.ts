import {
  containersReadyCondition,
  type Node,
  type Pod,
  type PodPhase,
  type PodStatus,
  podCondition,
  readyCondition,
  type WallClock,
} from "../model/index.ts";
import { lastTickAt, nextTickAt, type Sequence } from "../sim/index.ts";
import { type Admission, admissionRejection, type Rejection } from "./admission.ts";
import { BackOffs } from "./back-offs.ts";
import type { Host } from "./host.ts";
import { ImageManager } from "./image-manager.ts";
import type { KubeletApi } from "./kubelet-api.ts";
import type { KubeletClocks, KubeletConfiguration } from "./kubelet-configuration.ts";
import { Pleg } from "./pleg.ts";
import { PodWorker } from "./pod-worker.ts";
import { Runtime } from "./runtime.ts";
import { type RuntimeContainer, RuntimePod, type RuntimeSandbox } from "./runtime-pod.ts";
import { StatusManager } from "./status-manager.ts";
import type { Execution } from "./work.ts";

const transientUs = 1_000_000;
const retryUs = 10_000_000;
const resyncUs = 60_000_000;

export interface KubeletOptions {
  readonly name: string;
  readonly execution: Execution;
  readonly api: KubeletApi;
  readonly host: Host;
  readonly clock: WallClock;
  readonly clocks: KubeletClocks;
  readonly configuration: KubeletConfiguration;
  /** The Node as the kubelet knows it. */
  readonly node: () => Node | undefined;
  readonly addressesOf: (pod: Pod, sandbox: RuntimeSandbox | undefined) => Partial<PodStatus>;
  /** Why the network is not ready; `undefined` when it is. */
  readonly networkError: () => string | undefined;
}

/** One machine's kubelet: the sync loop, and the managers that it feeds. */
export class Kubelet {
  readonly name: string;
  readonly execution: Execution;
  readonly api: KubeletApi;
  readonly host: Host;
  readonly clock: WallClock;
  readonly clocks: KubeletClocks;
  readonly configuration: KubeletConfiguration;
  readonly runtime: Runtime;
  readonly images: ImageManager;
  readonly crashLoops: BackOffs;
  readonly pleg: Pleg;
  readonly statuses: StatusManager;
  readonly #options: KubeletOptions;
  /** Pods by uid, in the order in which they came; those whose object is gone too, until nothing of them runs. */
  readonly workers = new Map<string, PodWorker>();
  /** The pod manager: objects that are assigned to this machine, by uid. */
  readonly #pods = new Map<string, Pod>();
  readonly #requeued = new Map<string, Sequence>();

  constructor(options: KubeletOptions) {
    this.#options = options;
    this.name = options.name;
    this.execution = options.execution;
    this.api = options.api;
    this.host = options.host;
    this.clock = options.clock;
    this.clocks = options.clocks;
    this.configuration = options.configuration;
    const { execution, host, api, clock, configuration } = this;
    this.runtime = new Runtime({ execution, host, changed: (uid) => this.pleg.changed(uid) });
    this.images = new ImageManager({ execution, host, parallelPulls: configuration.parallelPulls });
    const longest = configuration.maxContainerRestartUs;
    this.crashLoops = new BackOffs({ base: Math.min(10_000_000, longest), max: longest, resetAfter: 600_000_000 });
    this.statuses = new StatusManager({
      execution,
      api,
      clock,
      mayRun: (uid) => this.workers.get(uid)?.mayRun ?? false,
    });
    this.pleg = new Pleg({
      execution,
      relist: this.clocks.relist,
      cacheOf: (uid) => this.workers.get(uid)?.cache,
      onEvent: (uid, died) => this.#onPlegEvent(uid, died),
    });
  }

  get nowUs(): number {
    return this.execution.loop.nowUs;
  }

  sweptUs(): number {
    return lastTickAt(this.clocks.housekeeping, this.nowUs) ?? 0;
  }

  networkError(): string | undefined {
    return this.#options.networkError();
  }

  addressesOf(pod: Pod, sandbox: RuntimeSandbox | undefined): Partial<PodStatus> {
    return this.#options.addressesOf(pod, sandbox);
  }

  /** `activeDeadlineSeconds` is over: says so, each time it is asked, as upstream does. */
  deadlineOver(worker: PodWorker): { readonly reason: string; readonly message: string } | undefined {
    const atUs = this.#deadlineUs(worker);
    if (atUs === undefined || atUs > this.nowUs) return undefined;
    const message = "Pod was active on the node longer than the specified deadline";
    worker.podEvent("Normal", "DeadlineExceeded", message);
    return { reason: "DeadlineExceeded", message };
  }

  #deadlineUs({ pod, startedUs, terminatingUs }: PodWorker): number | undefined {
    const { activeDeadlineSeconds } = pod.spec;
    if (
      activeDeadlineSeconds === undefined ||
      (terminatingUs !== undefined && pod.metadata.deletionTimestamp !== undefined)
    )
      return undefined;
    return Math.floor(startedUs / 1_000_000) * 1_000_000 + activeDeadlineSeconds * 1_000_000;
  }

  // The sync loop: what pods are wanted here.

  /** HandlePodAdditions for one pod. `held`: what the runtime remembers of it from before the machine lost power. */
  add(pod: Pod, held: RuntimePod = new RuntimePod()): void {
    const { uid } = pod.metadata;
    this.#pods.set(uid, pod);
    const worker = this.workers.get(uid);
    if (worker !== undefined) {
      worker.update({ kind: "update", pod });
      return;
    }
    if (pod.metadata.deletionTimestamp === undefined) {
      const rejection = this.#admit(pod);
      if (rejection !== undefined) {
        this.#reject(pod, rejection);
        return;
      }
    }
    this.#begin(pod, held);
  }

  #begin(pod: Pod, held: RuntimePod): void {
    const worker = new PodWorker(this, pod, held);
    this.workers.set(pod.metadata.uid, worker);
    worker.update({ kind: "create", pod });
    const deadlineUs = this.#deadlineUs(worker);
    if (deadlineUs === undefined) return;
    this.execution.at(nextTickAt(this.clocks.sync, deadlineUs), () => this.syncSoon(pod.metadata.uid));
  }

  /** The object changed: HandlePodUpdates. A change of nothing but the status wakes no worker. */
  update(pod: Pod): void {
    const { uid } = pod.metadata;
    const before = this.#pods.get(uid);
    this.#pods.set(uid, pod);
    const worker = this.workers.get(uid);
    if (worker === undefined) {
      if (pod.metadata.deletionTimestamp !== undefined) this.#begin(pod, new RuntimePod());
      return;
    }
    if (before !== undefined && before.spec === pod.spec && before.metadata === pod.metadata) {
      if (gatesChanged(pod)) this.syncSoon(uid);
      return;
    }
    worker.update({ kind: "update", pod });
  }

  /** The object is gone: what runs of it is killed within the pod's own grace. */
  remove(uid: string): void {
    this.#pods.delete(uid);
    const worker = this.workers.get(uid);
    this.statuses.forget(uid);
    if (worker === undefined) return;
    if (worker.finished) this.#forget(worker);
    else worker.update({ kind: "kill", pod: worker.pod });
  }

  /** The pod as the API last showed it. */
  pod(uid: string): Pod | undefined {
    return this.#pods.get(uid);
  }

  podUids(): string[] {
    return [...this.#pods.keys()];
  }

  #admit(pod: Pod): Rejection | undefined {
    const node = this.#options.node();
    if (node === undefined) return undefined;
    const others = [...this.workers.values()].filter((worker) => worker.mayRun).map((worker) => worker.pod);
    return admissionRejection({ pod, node, others } satisfies Admission);
  }

  #reject(pod: Pod, { reason, message }: Rejection): void {
    this.api.event({ kind: "Pod", name: pod.metadata.name, pod }, "Warning", reason, message);
    this.statuses.reject(pod, {
      ...(pod.status.qosClass !== undefined && { qosClass: pod.status.qosClass }),
      ...{ phase: "Failed", reason, message: `Pod was rejected: ${message}` },
      startTime: this.clock.time(this.nowUs),
      observedGeneration: pod.metadata.generation,
    } as PodStatus);
  }

  /** HandlePodSyncs for one pod. */
  syncSoon(uid: string): void {
    const pod = this.#pods.get(uid);
    if (pod !== undefined) this.workers.get(uid)?.update({ kind: "sync", pod });
  }

  /** Puts the pod on the re-queue, which the one-second ticker empties. */
  requeue({ uid }: PodWorker, retry: "network" | "soon" | { readonly atUs: number } | undefined): void {
    const pending = this.#requeued.get(uid);
    if (pending !== undefined) this.execution.loop.cancel(pending);
    this.#requeued.delete(uid);
    const { nowUs } = this;
    if (retry === undefined && this.host.steady) return;
    const waitUs =
      retry === undefined
        ? resyncUs
        : retry === "network"
          ? transientUs
          : retry === "soon"
            ? retryUs
            : Math.min(Math.max(0, retry.atUs - nowUs), resyncUs);
    const atUs = nextTickAt(this.clocks.sync, nowUs + waitUs + 1);
    this.#requeued.set(
      uid,
      this.execution.at(atUs, () => {
        this.#requeued.delete(uid);
        this.syncSoon(uid);
      }),
    );
  }

  /** Nothing of the pod is left to do. */
  buried(worker: PodWorker): void {
    const pending = this.#requeued.get(worker.uid);
    if (pending !== undefined) this.execution.loop.cancel(pending);
    this.#requeued.delete(worker.uid);
    if (!this.#pods.has(worker.uid)) this.#forget(worker);
  }

  #forget(worker: PodWorker): void {
    this.workers.delete(worker.uid);
    this.statuses.forget(worker.uid);
    this.crashLoops.forget(`${worker.uid}/`);
    for (const sandbox of worker.held.sandboxes) this.host.removeSandbox(sandbox);
  }

  #onPlegEvent(uid: string, died: RuntimeContainer | undefined): void {
    this.syncSoon(uid);
    const worker = this.workers.get(uid);
    if (worker === undefined || died === undefined) return;
    // cleanUpContainersInPod: one dead container of each name is kept; none of a pod that is evicted or gone.
    const all = worker.evicted || worker.terminatedUs !== undefined;
    const kept = new Set<string>();
    for (const container of [...worker.held.containers]) {
      if (container.state !== "exited") continue;
      if (!all && !kept.has(container.spec.name)) kept.add(container.spec.name);
      else if (all || container.spec.name === died.spec.name) this.runtime.remove(worker.held, container);
    }
  }
}

/** Somebody set a condition that a readiness gate waits for: NeedToReconcilePodReadiness. */
function gatesChanged(pod: Pod): boolean {
  if ((pod.spec.readinessGates ?? []).length === 0) return false;
  const statuses = [...(pod.status.initContainerStatuses ?? []), ...(pod.status.containerStatuses ?? [])];
  const wanted = readyCondition(pod, containersReadyCondition(pod.spec, statuses, pod.status.phase as PodPhase));
  const told = podCondition(pod, "Ready");
  return told !== undefined && (told.status !== wanted.status || told.message !== wanted.message);
}
