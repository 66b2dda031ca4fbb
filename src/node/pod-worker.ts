import { type Container, isPodTerminal, type Pod, type PodStatus } from "../model/index.ts";
import type { BackOffs } from "./back-offs.ts";
import type { StartFailure } from "./container-statuses.ts";
import type { Host } from "./host.ts";
import type { ImageManager } from "./image-manager.ts";
import type { Kubelet } from "./kubelet.ts";
import type { KubeletApi } from "./kubelet-api.ts";
import { PodCache } from "./pleg.ts";
import type { PodMachine } from "./pod-machine.ts";
import { PodProbes } from "./pod-probes.ts";
import { isActuated } from "./pod-resize.ts";
import { draftStatus } from "./pod-status.ts";
import { stopPod, syncRuntime } from "./pod-sync.ts";
import type { Retry } from "./requeue.ts";
import { conditionsAfterStop, mayRestartAll, statusAfterStop, stopAll, wantsRestartAll } from "./restart-all.ts";
import type { Row } from "./rows.ts";
import type { Runtime } from "./runtime.ts";
import { type PodSeen, RuntimePod } from "./runtime-pod.ts";
import { isStaticPod } from "./static-pods.ts";
import { VolumeMounts } from "./volume-mounts.ts";
import { type Execution, Signal, type Steps, Work } from "./work.ts";

/** Why a worker is woken: `kill` ends the pod. */
interface PodUpdate {
  readonly kind: "create" | "update" | "sync" | "kill";
  readonly pod: Pod;
  readonly kill?: KillOptions;
}

/** What the status says of a pod that the kubelet ends. */
interface PodEnd {
  readonly reason: string;
  readonly message: string;
  /** The message of the condition DisruptionTarget, where there is one. */
  readonly disruption?: string;
  /** A pod that has succeeded already is not called failed. */
  readonly keepsSuccess?: true;
}

type StatusChange = (status: PodStatus) => PodStatus;

export interface KillOptions {
  readonly graceSeconds?: number;
  readonly evict?: boolean;
  /** What the status says of it. */
  readonly status?: PodEnd;
  /** Called when nothing of the pod runs any more. */
  readonly done?: () => void;
}

type WorkType = "sync" | "terminating" | "terminated";

/** How a turn ended: another one follows as the kind says. */
interface Turn {
  readonly cancelled?: boolean;
  readonly terminal?: boolean;
  readonly retry?: Retry;
}

const none: readonly never[] = [];
const noFailures: ReadonlyMap<string, StartFailure> = new Map();

/** One pod on one machine: kubelet's pod worker. One turn at a time; what arrives meanwhile becomes one update. */
export class PodWorker implements PodMachine {
  readonly kubelet: Kubelet;
  pod: Pod;
  readonly held: RuntimePod;
  readonly cache: PodCache;
  readonly probes: PodProbes;
  readonly startedUs: number;
  /** The reason cache: what failed in the last sync. */
  failures: ReadonlyMap<string, StartFailure> = noFailures;
  terminatingUs: number | undefined = undefined;
  terminatedUs: number | undefined = undefined;
  /** Done with for good. */
  finished = false;
  evicted = false;
  #graceSeconds = 0;
  #statusChange: StatusChange | undefined = undefined;
  /** Who is told when nothing of the pod runs any more. */
  #done: readonly (() => void)[] = none;
  #update: PodUpdate | undefined = undefined;
  #working = false;
  /** Ends waits of the turn that is under way. */
  #cancel: Signal | undefined = undefined;
  #lastSyncUs = Number.NEGATIVE_INFINITY;
  /** Once mounted, volumes need nobody. */
  #volumes: VolumeMounts | "mounted" | undefined = undefined;

  constructor(
    kubelet: Kubelet,
    pod: Pod,
    held: RuntimePod,
    known?: { readonly startedUs: number; readonly cache: PodCache },
  ) {
    this.kubelet = kubelet;
    this.pod = pod;
    this.held = held;
    this.cache = known?.cache ?? new PodCache(held);
    this.startedUs = known?.startedUs ?? kubelet.nowUs;
    this.probes = new PodProbes(this);
  }

  /** What has to be kept beside the pod's object while nothing happens; `undefined` when something does, or will by itself. */
  rest(): readonly number[] | undefined {
    const { kubelet, pod, cache, uid, held } = this;
    if (this.#working || this.terminatingUs !== undefined || this.#volumes !== "mounted") return undefined;
    if (this.failures.size > 0 || kubelet.pod(uid) !== pod || isStaticPod(pod)) return undefined;
    if (!cache.rests || !kubelet.pleg.rests(uid) || !kubelet.statuses.rests(pod)) return undefined;
    const row = [this.startedUs, this.#lastSyncUs, cache.seenUs];
    return held.rest(pod, row) && this.probes.rest(row) ? row : undefined;
  }

  /** As it was before `rest`. */
  static woken(kubelet: Kubelet, pod: Pod, row: Row): PodWorker {
    const startedUs = row.next();
    const lastSyncUs = row.next();
    const seenUs = row.next();
    const held = RuntimePod.woken(pod, row);
    const worker = new PodWorker(kubelet, pod, held, { startedUs, cache: PodCache.woken(held, seenUs) });
    worker.#lastSyncUs = lastSyncUs;
    worker.#volumes = "mounted";
    worker.probes.wake(row);
    return worker;
  }

  /** The object changed in nothing that matters to a worker: one that does not work lets go of the older one. */
  seen(pod: Pod): void {
    if (this.#working) return;
    this.pod = pod;
    for (const sandbox of this.held.sandboxes) sandbox.pod = pod;
  }

  get uid(): string {
    return this.pod.metadata.uid;
  }

  get execution(): Execution {
    return this.kubelet.execution;
  }

  get runtime(): Runtime {
    return this.kubelet.runtime;
  }

  get host(): Host {
    return this.kubelet.host;
  }

  get images(): ImageManager {
    return this.kubelet.images;
  }

  get api(): KubeletApi {
    return this.kubelet.api;
  }

  get crashLoops(): BackOffs {
    return this.kubelet.crashLoops;
  }

  nowUs(): number {
    return this.kubelet.nowUs;
  }

  sweptUs(): number {
    return this.kubelet.sweptUs();
  }

  get ending(): boolean {
    return this.terminatingUs !== undefined;
  }

  /** No process of it is left, and none will come. */
  get mayRun(): boolean {
    return this.terminatedUs === undefined;
  }

  podEvent(type: "Normal" | "Warning", reason: string, message: string): void {
    const { pod } = this;
    this.api.event({ kind: "Pod", name: pod.metadata.name, pod }, type, reason, message);
  }

  containerEvent(container: Container, type: "Normal" | "Warning", reason: string, message: string): void {
    const { pod } = this;
    const list = (pod.spec.initContainers ?? []).some(({ name }) => name === container.name)
      ? "initContainers"
      : "containers";
    const fieldPath = `spec.${list}{${container.name}}`;
    this.api.event({ kind: "Pod", name: pod.metadata.name, pod, fieldPath }, type, reason, message);
  }

  /** podWorkers' `UpdatePod`. */
  update(update: PodUpdate): void {
    const { pod, kill } = update;
    if (this.terminatedUs !== undefined) kill?.done?.();
    else if (kill?.done !== undefined) this.#done = [...this.#done, kill.done];
    if (this.finished) return;
    const { kubelet } = this;
    const deleted = pod.metadata.deletionTimestamp !== undefined;
    const ends = deleted || update.kind === "kill" || isPodTerminal(pod);
    let urgent = false;
    if (ends && this.terminatingUs === undefined) {
      this.terminatingUs = kubelet.nowUs;
      urgent = true;
    }
    if (urgent && kill?.evict === true) this.evicted = true;
    if (kill?.status !== undefined) this.#statusChange = this.#ending(kill.status);
    if (this.terminatingUs !== undefined) {
      const grace = this.#grace(pod, kill?.graceSeconds);
      if (this.#graceSeconds !== 0 && grace < this.#graceSeconds) urgent = true;
      this.#graceSeconds = grace;
    }
    this.#update = update;
    if (!this.#working) {
      this.#working = true;
      this.execution.soon(() => new Work(this.execution, this.#turns()));
    }
    if (urgent) this.#cancel?.fire();
  }

  #ending({ reason, message, disruption, keepsSuccess }: PodEnd): StatusChange {
    const lastTransitionTime = this.kubelet.clock.time(this.kubelet.nowUs);
    return (status) => ({
      ...status,
      phase: keepsSuccess === true && status.phase === "Succeeded" ? status.phase : "Failed",
      reason,
      message,
      ...(disruption !== undefined && {
        conditions: [
          ...(status.conditions ?? []).filter(({ type }) => type !== "DisruptionTarget"),
          {
            type: "DisruptionTarget",
            status: "True",
            reason: "TerminationByKubelet",
            message: disruption,
            lastTransitionTime,
          },
        ],
      }),
    });
  }

  /** podWorkers' `calculateEffectiveGracePeriod`: the pod's own where nobody names one; it only ever shrinks, to a second at least. */
  #grace({ metadata, spec }: Pod, wanted: number | undefined): number {
    let grace = this.#graceSeconds;
    let named = grace !== 0;
    for (const bound of [metadata.deletionGracePeriodSeconds, wanted]) {
      if (bound === undefined || (grace !== 0 && bound >= grace)) continue;
      grace = bound;
      named = true;
    }
    return Math.max(1, named ? grace : (spec.terminationGracePeriodSeconds ?? 30));
  }

  *#turns(): Steps {
    const { kubelet } = this;
    while (this.#update !== undefined) {
      this.pod = this.#update.pod;
      this.#update = undefined;
      this.#cancel = undefined;
      const type = this.#workType();
      const seen = yield* kubelet.pleg.newerThan(this.uid, this.cache, this.#lastSyncUs);
      const turn = yield* this.#turn(type, seen);
      this.#lastSyncUs = kubelet.nowUs;
      this.#conclude(type, turn);
      if (this.finished) return;
    }
    this.#cancel = undefined;
    this.#working = false;
    const newest = kubelet.pod(this.uid);
    if (newest !== undefined) this.seen(kubelet.allocation.granted(newest));
    kubelet.workers.settle(this.uid);
  }

  #workType(): WorkType {
    if (this.terminatedUs !== undefined) return "terminated";
    return this.terminatingUs !== undefined ? "terminating" : "sync";
  }

  *#turn(type: WorkType, seen: PodSeen): Steps<Turn> {
    if (type === "sync") return yield* this.#sync(seen);
    if (type === "terminating") yield* this.#terminate(seen);
    else this.#bury(seen);
    return {};
  }

  #conclude(type: WorkType, turn: Turn): void {
    const { kubelet } = this;
    if (type === "terminated") {
      this.finished = true;
      kubelet.buried(this);
      return;
    }
    if (type === "terminating") {
      this.terminatedUs = kubelet.nowUs;
      for (const done of this.#done) done();
      this.#done = none;
      this.#update ??= { kind: "sync", pod: this.pod };
    } else if (turn.terminal === true) {
      this.terminatingUs ??= kubelet.nowUs;
      this.#update ??= { kind: "sync", pod: this.pod };
    } else if (turn.cancelled !== true) {
      kubelet.requeue.put(this.pod, turn.retry);
    }
  }

  /** kubelet's `SyncPod`. */
  *#sync(seen: PodSeen): Steps<Turn> {
    const { kubelet } = this;
    kubelet.allocation.observe(this.pod, () => isActuated(this.pod, seen));
    const phase = this.#report(seen, false);
    if (phase === "Failed" || phase === "Succeeded") return { terminal: true };
    const network = kubelet.networkError();
    if (network !== undefined && this.pod.spec.hostNetwork !== true) {
      this.podEvent("Warning", "NetworkNotReady", `network is not ready: ${network}`);
      return { retry: "network" };
    }
    if (isStaticPod(this.pod)) kubelet.statics.reconcile(this.pod);
    const cancel = new Signal();
    this.#cancel = cancel;
    if (!(yield* this.#mount(cancel))) return cancel.fired ? { cancelled: true } : { retry: "soon" };
    this.probes.start();
    let current = seen;
    if (mayRestartAll(this.pod) && wantsRestartAll(this.pod, seen)) {
      yield* stopAll(this, seen);
      kubelet.statuses.amend(this.pod, statusAfterStop);
      const status = kubelet.statuses.get(this.uid)!;
      for (const condition of conditionsAfterStop(this.pod, status)) kubelet.statuses.setCondition(this.pod, condition);
      current = this.held.look();
    }
    const { starts, acted, failed, retryUs, resizeError } = yield* syncRuntime(this, current, this.probes, () =>
      kubelet.statuses.setCondition(this.pod, { type: "PodReadyToStartContainers", status: "True" }),
    );
    this.#note(starts);
    if (resizeError !== undefined) kubelet.allocation.failed(this.pod, resizeError);
    if (failed) return { retry: retryUs === undefined ? "soon" : { atUs: retryUs } };
    if (acted) kubelet.pleg.relistSoon(this.uid);
    return {};
  }

  /** Answers whether all is mounted. */
  *#mount(cancel: Signal): Steps<boolean> {
    if (this.#volumes === "mounted") return true;
    const { kubelet } = this;
    this.#volumes ??= new VolumeMounts(this.pod, {
      execution: kubelet.execution,
      api: kubelet.api,
      inUse: kubelet.volumesInUse,
      reconcile: kubelet.clocks.reconcile,
      always: kubelet.configuration.everyPodMounts,
      failed: (message) => this.podEvent("Warning", "FailedMount", message),
      gone: () => this.terminatingUs !== undefined,
    });
    const mounted = yield* this.#volumes.await(cancel);
    if (mounted) this.#volumes = "mounted";
    return mounted;
  }

  /** What failed to start this time, and what went well. */
  #note(starts: ReadonlyMap<string, StartFailure | undefined>): void {
    if (starts.size === 0) return;
    const failures = new Map(this.failures);
    for (const [name, failure] of starts) {
      if (failure === undefined) failures.delete(name);
      else failures.set(name, failure);
    }
    this.failures = failures.size === 0 ? noFailures : failures;
  }

  /** kubelet's `SyncTerminatingPod`. */
  *#terminate(seen: PodSeen): Steps {
    this.#report(seen, false, this.#statusChange);
    this.probes.stopLivenessAndStartup();
    // Nobody asked for it to end: each container has its own grace.
    yield* stopPod(this, seen, this.#graceSeconds === 0 ? undefined : this.#graceSeconds);
    this.probes.stop();
    this.#report(this.held.look(), true);
  }

  /** kubelet's `SyncTerminatedPod`. */
  #bury(seen: PodSeen): void {
    this.#report(seen, true);
    this.kubelet.statuses.terminate(this.pod);
  }

  /** Generates the pod's status and hands it to the status manager. Answers its phase. */
  #report(seen: PodSeen, isTerminal: boolean, change?: StatusChange): string {
    const { kubelet, pod } = this;
    const ended = kubelet.deadlineOver(this);
    const draft = draftStatus({
      pod,
      seen,
      isTerminal,
      failures: this.failures,
      clock: kubelet.clock,
      shared: kubelet.shared,
      old: kubelet.statuses.get(this.uid) ?? pod.status,
      started: (status, before) => this.probes.isStarted(status, before),
      ready: (status) => this.probes.isReady(status),
      resize: kubelet.allocation.conditions(this.uid),
      ...(ended !== undefined && { ended }),
    });
    const addresses = kubelet.addressesOf(pod, seen.sandboxes[0]?.sandbox);
    kubelet.statuses.set(pod, draft, { startTimeUs: this.startedUs, addresses, change });
    this.probes.look();
    return draft.phase;
  }
}
