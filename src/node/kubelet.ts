import { isPodTerminal, type Node, type Pod, type PodStatus, sameContent, type WallClock } from "../model/index.ts";
import { lastTickAt, nextTickAt } from "../sim/index.ts";
import { deadlineExceeded, deadlineUs } from "./active-deadline.ts";
import { AllocationManager } from "./allocation-manager.ts";
import { BackOffs } from "./back-offs.ts";
import { deadContainers } from "./dead-containers.ts";
import { EvictionManager } from "./eviction-manager.ts";
import type { Host } from "./host.ts";
import { ImageGc } from "./image-gc.ts";
import { ImageList } from "./image-list.ts";
import { ImageManager } from "./image-manager.ts";
import { infeasibleResize } from "./infeasible-resize.ts";
import type { KubeletApi } from "./kubelet-api.ts";
import type { KubeletClocks, KubeletConfiguration } from "./kubelet-configuration.ts";
import { type NodeReport, NodeReporter } from "./node-reporter.ts";
import { Pleg } from "./pleg.ts";
import { PodAdmission } from "./pod-admission.ts";
import { differsSemantically, gatesChanged } from "./pod-changes.ts";
import { PodWorker } from "./pod-worker.ts";
import { PodWorkers } from "./pod-workers.ts";
import { Requeue } from "./requeue.ts";
import { Runtime } from "./runtime.ts";
import { type RuntimeContainer, RuntimePod, type RuntimeSandbox } from "./runtime-pod.ts";
import { SharedParts } from "./shared-parts.ts";
import { ShutdownManager } from "./shutdown-manager.ts";
import { isMirrorPod, isStaticPod, StaticPods } from "./static-pods.ts";
import { StatusManager } from "./status-manager.ts";
import { SyncLoop } from "./sync-loop.ts";
import { type Attachments, noAttachments, VolumesInUse } from "./volumes-in-use.ts";
import type { Execution } from "./work.ts";

interface KubeletOptions {
  readonly name: string;
  readonly execution: Execution;
  readonly api: KubeletApi;
  readonly host: Host;
  /** Default: no volume has to be attached. */
  readonly attachments?: Attachments;
  readonly clock: WallClock;
  /** Default: nothing is shared with other kubelets. */
  readonly shared?: SharedParts;
  readonly clocks: KubeletClocks;
  readonly configuration: KubeletConfiguration;
  /** The Node as the kubelet knows it. */
  readonly node: () => Node | undefined;
  readonly addressesOf: (pod: Pod, sandbox: RuntimeSandbox | undefined) => Partial<PodStatus>;
  /** Why the node is not ready; empty when it is. */
  readonly complaints: () => readonly string[];
  /** Whether the container runtime calls itself ready. */
  readonly runtimeReady: () => boolean;
  /** Why the network is not ready; `undefined` when it is. */
  readonly networkError: () => string | undefined;
  /** Graceful shutdown is over: the machine may go down. */
  readonly released?: () => void;
  /** Writes what changed of the node's status. */
  readonly patchNode: (report: NodeReport) => void;
}

/** One machine's kubelet: the sync loop, and the managers that it feeds. */
export class Kubelet {
  readonly name: string;
  readonly execution: Execution;
  readonly api: KubeletApi;
  readonly host: Host;
  readonly clock: WallClock;
  readonly shared: SharedParts;
  readonly clocks: KubeletClocks;
  readonly configuration: KubeletConfiguration;
  readonly runtime: Runtime;
  readonly images: ImageManager;
  readonly crashLoops: BackOffs;
  readonly pleg: Pleg;
  readonly statuses: StatusManager;
  readonly volumesInUse: VolumesInUse;
  readonly eviction: EvictionManager;
  readonly imageGc: ImageGc;
  readonly imageList: ImageList;
  readonly reporter: NodeReporter;
  readonly shutdown: ShutdownManager;
  readonly allocation: AllocationManager;
  readonly syncLoop: SyncLoop;
  readonly statics: StaticPods;
  readonly requeue: Requeue;
  readonly #admission: PodAdmission;
  readonly #options: KubeletOptions;
  readonly workers: PodWorkers = new PodWorkers(this);
  /** The pod manager: objects that are assigned to this machine, by uid. */
  readonly #pods = new Map<string, Pod>();

  constructor(options: KubeletOptions) {
    this.#options = options;
    this.name = options.name;
    this.execution = options.execution;
    this.api = options.api;
    this.host = options.host;
    this.clock = options.clock;
    this.shared = options.shared ?? new SharedParts();
    this.clocks = options.clocks;
    this.configuration = options.configuration;
    const { execution, host, api, clock, configuration } = this;
    this.runtime = new Runtime({ execution, host, changed: (uid) => this.pleg.changed(uid) });
    this.images = new ImageManager({ execution, host, parallelPulls: configuration.parallelPulls });
    const longest = configuration.maxContainerRestartUs;
    this.crashLoops = new BackOffs({ base: Math.min(10_000_000, longest), max: longest, resetAfter: 600_000_000 });
    this.syncLoop = new SyncLoop({
      execution,
      runtimeUp: this.clocks.runtimeUp,
      runtimeReady: options.runtimeReady,
      changed: () => this.reporter.look(),
    });
    this.requeue = new Requeue({
      execution,
      ticker: this.clocks.sync,
      steady: host.steady,
      drawFor: (pod) => host.retryDraw(pod),
      sync: (uid) => this.syncLoop.run(() => this.syncSoon(uid)),
    });
    this.statics = this.#staticPods();
    this.statuses = new StatusManager({
      execution,
      fullSync: this.clocks.fullSync,
      objectOf: (pod) => (isStaticPod(pod) ? this.statics.mirrorOf(pod) : pod),
      api,
      clock,
      shared: this.shared,
      mayRun: (uid) => this.workers.mayRun(uid),
      settled: (uid) => this.workers.settle(uid),
    });
    this.pleg = new Pleg({
      execution,
      relist: this.clocks.relist,
      cacheOf: (uid) => this.workers.get(uid)?.cache,
      onEvent: (uid, died) => this.syncLoop.run(() => this.#onPlegEvent(uid, died)),
      settled: (uid) => this.workers.settle(uid),
    });
    const { attachments = noAttachments } = options;
    this.volumesInUse = new VolumesInUse({ execution, ticker: this.clocks.nodeStatus, attachments });
    this.eviction = this.#evictionManager();
    this.imageGc = new ImageGc({
      execution,
      host,
      policy: configuration.imageGc,
      ticker: this.clocks.imageGc,
      inUse: () => this.workers.images(),
      nodeEvent: (...told) => this.nodeEvent(...told),
    });
    this.imageList = new ImageList({
      execution,
      host,
      ticker: this.clocks.imageList,
      mostImages: configuration.statusMaxImages,
      changed: () => this.reporter.look(),
    });
    this.reporter = this.#nodeReporter();
    this.shutdown = this.#shutdownManager();
    this.#admission = new PodAdmission({
      execution,
      api,
      clock,
      statuses: this.statuses,
      node: options.node,
      workers: this.workers,
      granted: (pod) => this.allocation.granted(this.#pods.get(pod.metadata.uid) ?? pod),
      pressures: () => this.eviction.pressures,
      shuttingDown: () => this.shutdown.shuttingDown,
      begin: (pod, held) => this.#begin(pod, held),
      standStill: () => this.syncLoop.standStill(),
      goOn: () => this.syncLoop.goOn(),
    });
    this.allocation = new AllocationManager({
      execution,
      podOf: (uid) => this.#pods.get(uid),
      infeasible: (pod, granted) => infeasibleResize(pod, granted, configuration.resizePolicies),
      objection: (pod) => this.#admission.objection(pod),
      event: (pod, ...told) => api.event({ kind: "Pod", name: pod.metadata.name, pod }, ...told),
      changed: (uid) => this.syncSoon(uid),
    });
  }

  #staticPods(): StaticPods {
    return new StaticPods({
      execution: this.execution,
      api: this.api,
      housekeeping: this.clocks.housekeeping,
      node: this.#options.node,
      time: () => this.clock.time(this.nowUs),
      isOver: (uid) => this.workers.get(uid)?.finished ?? true,
      start: (pod) => {
        const ended = this.workers.get(pod.metadata.uid);
        if (ended !== undefined) this.#forget(ended);
        this.syncLoop.run(() => this.#addAnyhow(pod, new RuntimePod()));
      },
      stop: (pod) => this.#removeAnyhow(pod.metadata.uid),
      changed: (pod) => {
        this.statuses.mirrorChanged(pod);
        this.workers.get(pod.metadata.uid)?.update({ kind: "update", pod });
      },
    });
  }

  #evictionManager(): EvictionManager {
    const { execution, host, configuration, clocks } = this;
    return new EvictionManager({
      execution,
      configuration: configuration.eviction,
      ticker: clocks.eviction,
      steady: host.steady,
      stats: () => host.stats(),
      usageOf: (pod) => host.usage(pod),
      workers: this.workers,
      removeUnusedImages: () => this.imageGc.removeUnused(),
      nodeEvent: (type, reason, message) => this.nodeEvent(type, reason, message),
      changed: () => this.reporter.look(),
    });
  }

  #nodeReporter(): NodeReporter {
    const { execution, host, clocks, name, configuration } = this;
    return new NodeReporter({
      execution,
      name,
      ticker: clocks.nodeStatus,
      steady: host.steady,
      shiftDraw: configuration.reportDraw,
      pressures: () => this.eviction.pressures,
      complaints: () => [
        ...this.syncLoop.complaints(),
        ...this.#options.complaints(),
        ...(this.shutdown.shuttingDown ? ["node is shutting down"] : []),
      ],
      images: () => this.imageList.images,
      knownImages: () => this.#options.node()?.status?.images ?? [],
      patch: this.#options.patchNode,
      nodeEvent: (type, reason, message) => this.nodeEvent(type, reason, message),
    });
  }

  #shutdownManager(): ShutdownManager {
    const { execution, configuration } = this;
    return new ShutdownManager({
      execution,
      groups: configuration.shutdown,
      workers: this.workers,
      nodeEvent: (type, reason, message) => this.nodeEvent(type, reason, message),
      report: () => this.reporter.report(),
      release: () => this.#options.released?.(),
    });
  }

  nodeEvent(type: "Normal" | "Warning", reason: string, message: string): void {
    this.api.event({ kind: "Node", name: this.name }, type, reason, message);
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
  deadlineOver(worker: PodWorker): typeof deadlineExceeded | undefined {
    const atUs = this.#deadlineUs(worker, worker.pod);
    if (atUs === undefined || atUs > this.nowUs) return undefined;
    worker.podEvent("Normal", deadlineExceeded.reason, deadlineExceeded.message);
    return deadlineExceeded;
  }

  #deadlineUs({ uid, startedUs }: PodWorker, pod: Pod): number | undefined {
    return deadlineUs(pod, this.statuses.get(uid) ?? pod.status, startedUs, this.clock);
  }

  #wakeAtDeadline(worker: PodWorker, pod: Pod): void {
    const overUs = this.#deadlineUs(worker, pod);
    if (overUs === undefined) return;
    const atUs = nextTickAt(this.clocks.sync, Math.max(overUs, this.nowUs + 1));
    this.execution.at(atUs, () => this.syncSoon(worker.uid));
  }

  // The sync loop: what pods are wanted here.

  /** HandlePodAdditions for one pod. `held`: what the runtime remembers of it from before the machine lost power. */
  add(pod: Pod, held: RuntimePod = new RuntimePod()): void {
    this.syncLoop.run(() => {
      if (isMirrorPod(pod)) this.statics.seen(pod);
      else this.#addAnyhow(pod, held);
    });
  }

  #addAnyhow(pod: Pod, held: RuntimePod): void {
    const { uid } = pod.metadata;
    this.#pods.set(uid, pod);
    const worker = this.workers.get(uid);
    if (worker !== undefined) {
      worker.update({ kind: "update", pod });
      return;
    }
    this.#admission.admit(pod, held);
  }

  #begin(pod: Pod, held: RuntimePod): void {
    const worker = new PodWorker(this, pod, held);
    this.workers.add(worker);
    worker.update({ kind: "create", pod });
    this.#wakeAtDeadline(worker, pod);
  }

  /** The object changed: HandlePodUpdates. A change of nothing but the status wakes no worker. */
  update(pod: Pod): void {
    this.syncLoop.run(() => this.#updateAnyhow(pod));
  }

  #updateAnyhow(pod: Pod): void {
    const { uid } = pod.metadata;
    const before = this.#pods.get(uid);
    const differs = before === undefined || differsSemantically(before, pod);
    if (!differs && this.workers.rests(uid) && sameContent(before.status, pod.status)) {
      this.#pods.set(uid, pod);
      return;
    }
    const worker = this.workers.get(uid); // One that rests wakes as the older object tells.
    this.#pods.set(uid, pod);
    if (worker === undefined) {
      if (pod.metadata.deletionTimestamp !== undefined) this.#begin(pod, new RuntimePod());
      return;
    }
    if (!differs) {
      worker.seen(this.allocation.granted(pod));
      if (isPodTerminal(pod) && !isPodTerminal(before)) this.allocation.retry();
      if (gatesChanged(pod)) this.syncSoon(uid);
      else this.workers.settle(uid);
      return;
    }
    if (before !== undefined) this.allocation.updated(before, pod);
    worker.update({ kind: "update", pod: this.allocation.granted(pod) });
    if (before?.spec.activeDeadlineSeconds !== pod.spec.activeDeadlineSeconds) this.#wakeAtDeadline(worker, pod);
  }

  /** The object is gone: what runs of it is killed within the pod's own grace. */
  remove(uid: string): void {
    this.syncLoop.run(() => {
      if (!this.statics.gone(uid)) this.#removeAnyhow(uid);
    });
  }

  #removeAnyhow(uid: string): void {
    const worker = this.workers.get(uid);
    this.#pods.delete(uid);
    this.statuses.forget(uid);
    if (worker === undefined) return;
    if (worker.finished) this.#forget(worker);
    else worker.update({ kind: "kill", pod: worker.pod });
    this.allocation.retry();
  }

  /** The pod as the API last showed it. */
  pod(uid: string): Pod | undefined {
    return this.#pods.get(uid);
  }

  /** Of pods that the API server knows. */
  podUids(): string[] {
    return [...this.#pods.values()].filter((pod) => !isStaticPod(pod)).map(({ metadata }) => metadata.uid);
  }

  /** The process is a new one: back-offs are forgotten with the old one, and every pod is synced. */
  restarted(): void {
    this.crashLoops.clear();
    this.images.clear();
    for (const uid of this.#pods.keys()) if (!this.workers.rests(uid)) this.syncSoon(uid);
  }

  /** What the API has of the pod may be stale. */
  tellAgain(uid: string): void {
    this.workers.get(uid);
    this.statuses.tellAgain(uid);
  }

  /** The process of a container has ended, by itself or by force. */
  exited(uid: string, containerID: string, exitCode: number, reason: string): void {
    const container = this.workers.get(uid)?.held.byId(containerID);
    if (container !== undefined) this.runtime.exited(container, exitCode, reason);
  }

  /** HandlePodSyncs for one pod. */
  syncSoon(uid: string): void {
    const pod = this.#pods.get(uid);
    if (pod !== undefined) this.workers.get(uid)?.update({ kind: "sync", pod: this.allocation.granted(pod) });
  }

  /** Nothing of the pod is left to do. */
  buried(worker: PodWorker): void {
    this.requeue.take(worker.uid);
    this.volumesInUse.release(worker.uid);
    if (!this.#pods.has(worker.uid)) this.#forget(worker);
  }

  #forget(worker: PodWorker): void {
    this.workers.delete(worker.uid);
    this.statuses.forget(worker.uid);
    this.crashLoops.forget(`${worker.uid}/`);
    this.allocation.forget(worker.uid);
    for (const sandbox of worker.held.sandboxes) this.host.removeSandbox(sandbox);
    if (this.configuration.imageGc.maxAgeUs > 0) this.imageGc.look();
  }

  #onPlegEvent(uid: string, died: RuntimeContainer | undefined): void {
    this.syncSoon(uid);
    const worker = this.workers.get(uid);
    if (worker === undefined || died === undefined) return;
    const all = worker.evicted || worker.terminatedUs !== undefined;
    for (const container of deadContainers(worker.held.containers, died, all))
      this.runtime.remove(worker.held, container);
  }
}
