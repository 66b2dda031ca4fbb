import {
  type ContainerStatus,
  containersReadyCondition,
  findCondition,
  type GeneratedCondition,
  isPodTerminal,
  isSidecar,
  type Pod,
  type PodCondition,
  type PodPhase,
  type PodStatus,
  readyCondition,
  sameContent,
  type WallClock,
} from "../model/index.ts";
import { nextTickAt, type Ticker } from "../sim/index.ts";
import { hasStarted } from "./container-statuses.ts";
import type { KubeletApi } from "./kubelet-api.ts";
import { isOthers, mergedStatus } from "./merged-status.ts";
import { type Draft, replacedCondition } from "./pod-status.ts";
import type { SharedParts } from "./shared-parts.ts";
import type { Execution } from "./work.ts";

/** What the status manager keeps of one pod. */
class ReportedStatus {
  pod: Pod;
  status: PodStatus;
  /** Its containers are gone for good: an object that is being deleted may go. */
  finished = false;
  version = 0;
  written = 0;
  pending = false;
  /** The object that `written` is about. */
  object: string | undefined;

  constructor(pod: Pod, status: PodStatus) {
    this.pod = pod;
    this.status = status;
  }
}

/** What goes into the status beside the containers. */
interface DraftExtras {
  readonly startTimeUs: number;
  readonly addresses: Partial<PodStatus>;
  /** What who ends the pod says of it. */
  readonly change: ((status: PodStatus) => PodStatus) | undefined;
}

interface StatusManagerOptions {
  readonly execution: Execution;
  readonly api: KubeletApi;
  readonly clock: WallClock;
  readonly shared: SharedParts;
  /** Processes of the pod may run still: no terminal phase is written before they are gone. */
  readonly mayRun: (uid: string) => boolean;
  /** Where the pod's status is told: itself, or a static pod's mirror; `undefined` while there is none. */
  readonly objectOf: (pod: Pod) => Pod | undefined;
  readonly fullSync: Ticker;
  /** The API server has a pod's newest status. */
  readonly settled: (uid: string) => void;
}

/** kubelet's status manager: the one that knows every pod's newest status, and the only one that writes it. */
export class StatusManager {
  readonly #options: StatusManagerOptions;
  readonly #statuses = new Map<string, ReportedStatus>();
  /** What could not be told for want of an object: the next write of any pod takes it along, or the full sync does. */
  readonly #untold = new Set<ReportedStatus>();
  #fullSyncPending = false;

  constructor(options: StatusManagerOptions) {
    this.#options = options;
  }

  get(uid: string): PodStatus | undefined {
    return this.#statuses.get(uid)?.status;
  }

  forget(uid: string): void {
    this.#statuses.delete(uid);
  }

  /** Everything is told, and the pod's object shows it: nothing more need be kept of it. */
  rests({ metadata, status }: Pod): boolean {
    const known = this.#statuses.get(metadata.uid);
    if (known === undefined || known.pending || known.finished || known.written !== known.version) return false;
    return !this.#untold.has(known) && sameContent(known.status, status);
  }

  /** What the pod's object shows is what is known of it. */
  wake(pod: Pod): void {
    this.#statuses.set(pod.metadata.uid, new ReportedStatus(pod, pod.status));
  }

  /** A sync's description of the pod. */
  set(pod: Pod, draft: Draft, { startTimeUs, addresses, change }: DraftExtras): void {
    const old = this.#statuses.get(pod.metadata.uid)?.status ?? pod.status;
    const { phase, reason, message, containerStatuses, initContainerStatuses } = draft;
    const conditions = draft.conditions.map((condition) => this.#timed(condition, old, pod));
    for (const condition of pod.status.conditions ?? []) if (isOthers(condition)) conditions.push(condition);
    const target = findCondition(old.conditions, "DisruptionTarget");
    if (target !== undefined) conditions.push(target);
    const status = Object.assign({}, withoutWords(old), addresses, {
      phase,
      containerStatuses,
      startTime: old.startTime ?? this.#options.clock.time(startTimeUs),
      conditions,
      observedGeneration: pod.metadata.generation,
    }) as Changeable;
    if (reason !== undefined) status.reason = reason;
    if (message !== undefined) status.message = message;
    if (initContainerStatuses.length > 0) status.initContainerStatuses = initContainerStatuses;
    this.#update(pod, change === undefined ? status : change(status));
  }

  /** Replaces parts of the status: addresses, conditions of other managers. */
  amend(pod: Pod, change: (status: PodStatus) => PodStatus): void {
    this.#update(pod, change(this.#statuses.get(pod.metadata.uid)?.status ?? pod.status));
  }

  /** Sets one condition of the kubelet's at once. */
  setCondition(pod: Pod, condition: GeneratedCondition): void {
    this.amend(pod, (status) => ({
      ...status,
      conditions: replacedCondition(status.conditions ?? [], this.#timed(condition, status, pod)),
    }));
  }

  /** A whole status at once: what admission refused. */
  reject(pod: Pod, status: PodStatus): void {
    this.#update(pod, status);
  }

  setReadiness(pod: Pod, containerID: string, ready: boolean): void {
    this.#setContainer(pod, containerID, (status) => (status.ready === ready ? status : { ...status, ready }));
  }

  setStarted(pod: Pod, containerID: string, started: boolean): void {
    this.#setContainer(pod, containerID, (status) => (status.started === started ? status : { ...status, started }));
  }

  /** Everything of the pod is gone for good: what has no end yet is given one, and the object may be deleted. */
  terminate(pod: Pod): void {
    const known = this.#statuses.get(pod.metadata.uid);
    const old = known?.status ?? pod.status;
    const ended = (status: ContainerStatus): ContainerStatus => {
      if (status.state?.terminated !== undefined) return status;
      const message = "The container could not be located when the pod was terminated";
      return { ...status, state: { terminated: { reason: "ContainerStatusUnknown", message, exitCode: 137 } } };
    };
    const { initContainerStatuses: inits = [], containerStatuses: mains = [] } = old;
    const initialized = wasInitialized(pod, old);
    const begun = initialized ? inits.length : beganInits(inits);
    const status = {
      ...old,
      phase: isPodTerminal({ status: old }) ? old.phase : "Failed",
      containerStatuses: initialized ? mains.map(ended) : mains,
      ...(inits.length > 0 && { initContainerStatuses: inits.map((one, nth) => (nth < begun ? ended(one) : one)) }),
    };
    this.#update(pod, status, true);
  }

  /** What the API has may be stale: writes everything of the pod again. */
  tellAgain(uid: string): void {
    const known = this.#statuses.get(uid);
    if (known === undefined) return;
    known.version += 1;
    this.#wake(known);
  }

  /** A static pod has a mirror, which may know nothing yet. */
  mirrorChanged({ metadata }: Pod): void {
    const known = this.#statuses.get(metadata.uid);
    if (known === undefined) return;
    this.#untold.add(known);
    this.#scheduleFullSync();
  }

  #scheduleFullSync(): void {
    if (this.#fullSyncPending) return;
    this.#fullSyncPending = true;
    const { execution, fullSync } = this.#options;
    execution.at(nextTickAt(fullSync, execution.loop.nowUs + 1), () => {
      this.#fullSyncPending = false;
      this.#tellUntold();
    });
  }

  #tellUntold(): void {
    for (const known of [...this.#untold]) {
      this.#untold.delete(known);
      this.#write(known);
    }
  }

  #timed(condition: GeneratedCondition, old: PodStatus, pod: Pod): PodCondition {
    const { clock, execution, shared } = this.#options;
    const before = findCondition(old.conditions, condition.type);
    const kept = before?.status === condition.status ? before?.lastTransitionTime : undefined;
    const lastTransitionTime = kept ?? clock.time(execution.loop.nowUs);
    const { type, status, reason, message } = condition;
    const { generation: observedGeneration } = pod.metadata;
    if (
      kept !== undefined &&
      before!.reason === reason &&
      before!.message === message &&
      before!.observedGeneration === observedGeneration &&
      before!.lastProbeTime === undefined
    )
      return before!;
    return shared.condition({
      type,
      status,
      lastTransitionTime,
      observedGeneration,
      ...(reason !== undefined && { reason }),
      ...(message !== undefined && { message }),
    } as PodCondition);
  }

  #setContainer(pod: Pod, id: string, change: (status: ContainerStatus) => ContainerStatus): void {
    const old = this.#statuses.get(pod.metadata.uid)?.status;
    if (old === undefined) return;
    const { containerStatuses: mains = [], initContainerStatuses: inits = [] } = old;
    const each = (status: ContainerStatus): ContainerStatus => (status.containerID === id ? change(status) : status);
    const [nextMains, nextInits] = [mains.map(each), inits.map(each)];
    const all = [...nextInits, ...nextMains];
    if (all.every((status, index) => status === [...inits, ...mains][index])) return;
    const phase = old.phase as PodPhase;
    const ready = containersReadyCondition(pod.spec, all, phase);
    let conditions = old.conditions ?? [];
    const generated: GeneratedCondition[] = [readyCondition({ ...pod, status: old }, ready), ready];
    for (const condition of generated) conditions = replacedCondition(conditions, this.#timed(condition, old, pod));
    const next = { ...old, containerStatuses: nextMains, conditions };
    this.#update(pod, inits.length > 0 ? { ...next, initContainerStatuses: nextInits } : next);
  }

  #update(pod: Pod, status: PodStatus, finished = false): void {
    const { uid } = pod.metadata;
    let known = this.#statuses.get(uid);
    if (known === undefined) {
      known = new ReportedStatus(pod, status);
      this.#statuses.set(uid, known);
    } else if (!finished && sameContent(known.status, status)) {
      known.pod = pod;
      return;
    }
    known.pod = pod;
    known.status = status;
    known.finished ||= finished;
    known.version += 1;
    this.#wake(known);
  }

  #wake(known: ReportedStatus): void {
    if (this.#options.objectOf(known.pod) === undefined) {
      this.#untold.add(known);
      return;
    }
    if (known.pending) return;
    known.pending = true;
    const { execution, api } = this.#options;
    // After all that happens at that instant: one write tells of it.
    execution.afterAll(execution.loop.nowUs + api.requestUs, () => {
      known.pending = false;
      this.#write(known);
      if (this.#untold.size > 0) this.#tellUntold();
    });
  }

  #write(known: ReportedStatus): void {
    const { api, mayRun, objectOf } = this.#options;
    const { uid } = known.pod.metadata;
    const object = objectOf(known.pod);
    if (this.#statuses.get(uid) !== known || object === undefined) return;
    if (known.object !== object.metadata.uid) {
      known.object = object.metadata.uid;
      known.written = 0;
    }
    if (known.written === known.version) return;
    const stored = api.pod(object);
    if (stored === undefined) return;
    const { version } = known;
    const now = this.#options.clock.time(this.#options.execution.loop.nowUs);
    const merged = mergedStatus(stored, known.status, mayRun(uid), now);
    api.patchStatus(stored, merged, (accepted) => {
      if (!accepted) this.#wake(known);
      else {
        known.written = Math.max(known.written, version);
        if (known.finished && stored.metadata.deletionTimestamp !== undefined && object === known.pod)
          api.deletePod(stored);
        else this.#options.settled(uid);
      }
    });
  }
}

type Changeable = { -readonly [Field in keyof PodStatus]: PodStatus[Field] };

/** The status without what says why its phase is as it is. */
function withoutWords(status: PodStatus): PodStatus {
  if (status.reason === undefined && status.message === undefined) return status;
  const { reason: _reason, message: _message, ...others } = status;
  return others;
}

/** kubelet's `hasPodInitialized`: the ordinary containers' turn had come. */
function wasInitialized({ spec }: Pod, { containerStatuses = [], initContainerStatuses = [] }: PodStatus): boolean {
  const inits = spec.initContainers ?? [];
  if (inits.length === 0 || hasStarted(containerStatuses)) return true;
  const last = initContainerStatuses.at(-1);
  if (isSidecar(inits.at(-1)!)) return last?.started === true;
  return (last?.state?.terminated ?? last?.lastState?.terminated)?.exitCode === 0;
}

/** How many init containers have had their turn: one at least. */
function beganInits(inits: readonly ContainerStatus[]): number {
  const last = inits.findLastIndex(({ state, lastState }) => state?.waiting === undefined || lastState?.terminated);
  return Math.max(0, last) + 1;
}
