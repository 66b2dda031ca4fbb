import type { ApiError } from "../../apiserver/index.ts";
import { all, inSlowStartBatches, type Outcome, recordEvent, type Task, type View } from "../../client/index.ts";
import {
  isPodActive,
  isPodReady,
  isPodTerminal,
  type Job,
  type JobStatus,
  keyOf,
  type ObjectKey,
  type Pod,
} from "../../model/index.ts";
import { claimPods } from "../claim-dependents.ts";
import { createPod, deletePod } from "../pod-control.ts";
import { inDeletionOrder } from "../replica-set/deletion-ranking.ts";
import { finishedUs, remainingUs, withFinished } from "./backoff.ts";
import { delayedPods } from "./index-failures.ts";
import { failuresBefore, ignoredFailuresBefore, indexOf } from "./indexes.ts";
import type { JobMemory } from "./memory.ts";
import { isIndexed, isPerIndex, isTracked, jobPod, replacesOnlyFailed } from "./pods.ts";
import { Tracking } from "./tracking.ts";
import { completionsReached, failedIndexesVerdict, type Verdict, verdictOf } from "./verdict.ts";
import { removeFinalizer } from "./writes.ts";

const client = "job-controller";
/** MaxPodCreateDeletePerSync. */
const burst = 500;

/** One sync of one Job. The order of its steps is upstream's syncJob. */
export class JobSync {
  readonly #job: Job;
  readonly #key: ObjectKey;
  readonly #view: View;
  readonly #memory: JobMemory;
  #pods: readonly Pod[] = [];
  #active: readonly Pod[] = [];
  #ready = 0;
  #terminating = 0;
  #requeueInUs = Number.POSITIVE_INFINITY;
  #error: ApiError | undefined;

  constructor(job: Job, view: View, memory: JobMemory) {
    this.#job = job;
    this.#key = keyOf(job);
    this.#view = view;
    this.#memory = memory;
  }

  *run(): Task<Outcome> {
    const job = this.#job;
    const { spec } = job;
    const satisfied = this.#memory.expectations.satisfied(this.#key, this.#view.nowUs);
    this.#pods = yield* claimPods(client, job, spec.selector, this.#view);
    this.#active = this.#pods.filter(isPodActive);
    this.#ready = this.#active.filter(isPodReady).length;
    this.#terminating = this.#pods.filter((pod) => !isPodTerminal(pod) && !isPodActive(pod)).length;
    const tracking = new Tracking(job, this.#pods, this.#view, this.#memory.own);
    const suspended = spec.suspend === true;
    let startTime = job.status.startTime;
    if (startTime === undefined && !suspended) startTime = this.#view.clock.time(this.#view.nowUs);
    const runUs =
      startTime === undefined || suspended ? undefined : this.#view.nowUs - this.#view.clock.instantUs(startTime);
    const backoff = withFinished(
      this.#memory.backoff.get(this.#key),
      tracking.newSucceeded,
      tracking.newFailed,
      this.#view.clock,
    );
    let verdict = verdictOf(job, this.#pods, tracking.counted, runUs);
    if (verdict === undefined && runUs !== undefined && spec.activeDeadlineSeconds !== undefined)
      this.#requeueIn(spec.activeDeadlineSeconds * 1_000_000 - runUs);
    let active = this.#active.length;
    let { conditions } = job.status;
    if (verdict !== undefined) {
      const removed = yield* this.#remove(this.#active, false);
      if (removed !== active || !satisfied) verdict = undefined; // Not before all its pods are known to go.
      active -= removed;
      this.#terminating += removed;
    } else {
      const managed = satisfied && job.metadata.deletionTimestamp === undefined;
      if (managed)
        active = yield* this.#manage(tracking, backoff === undefined ? 0 : remainingUs(backoff, this.#view.nowUs));
      verdict = this.#completion(tracking, active);
      if (verdict === undefined && managed) {
        const changed = yield* this.#suspension(conditions, suspended);
        if (changed !== conditions) startTime = suspended ? undefined : this.#view.clock.time(this.#view.nowUs);
        conditions = changed;
      }
    }
    const status: JobStatus = {
      ...job.status,
      ...(conditions && { conditions }),
      startTime,
      active: active === 0 ? undefined : active,
      ready: this.#ready,
      terminating: this.#terminating,
      uncountedTerminatedPods: job.status.uncountedTerminatedPods ?? {},
    } as JobStatus;
    const error = yield* tracking.finish(status, verdict);
    if (error !== undefined) return { retry: error };
    if (backoff === undefined) this.#memory.backoff.delete(this.#key);
    else this.#memory.backoff.set(this.#key, backoff);
    if (this.#error !== undefined) return { retry: this.#error };
    return this.#requeueInUs === Number.POSITIVE_INFINITY ? "done" : { requeueInUs: this.#requeueInUs };
  }

  #requeueIn(delayUs: number): void {
    this.#requeueInUs = Math.min(this.#requeueInUs, Math.max(0, delayUs));
  }

  /** Whether enough has succeeded; with a back-off per index, whether every index has had its turn. */
  #completion({ counted }: Tracking, active: number): Verdict | undefined {
    if (active > 0) return undefined;
    const { completions } = this.#job.spec;
    if (completions === undefined) return counted.succeeded > 0 ? completionsReached : undefined;
    if (counted.succeeded >= completions) return completionsReached;
    const tried = counted.succeededIndexes.size + counted.failedIndexes.size;
    return isPerIndex(this.#job) && counted.failedIndexes.size > 0 && tried >= completions
      ? failedIndexesVerdict
      : undefined;
  }

  /** Pods made or removed in one sync, never both; returns how many are active then (manageJob). */
  *#manage({ counted }: Tracking, backoffUs: number): Task<number> {
    const { spec } = this.#job;
    const active = this.#active.length;
    if (spec.suspend === true) {
      const removed = yield* this.#remove(this.#active.slice(0, burst), true);
      this.#terminating += removed;
      return active - removed;
    }
    const { parallelism = 1, completions } = spec;
    const wanted =
      completions === undefined
        ? counted.succeeded > 0
          ? active
          : parallelism
        : Math.max(0, Math.min(parallelism, completions - counted.succeeded));
    const surplus = this.#surplus(Math.max(0, active - wanted)).slice(0, burst);
    if (surplus.length > 0) {
      const removed = yield* this.#remove(surplus, true);
      this.#terminating += removed;
      return active - removed;
    }
    const held = replacesOnlyFailed(this.#job) ? this.#terminating : 0;
    let missing = Math.min(burst, wanted - held - active);
    if (missing <= 0) return active;
    if (!isPerIndex(this.#job) && backoffUs > 0) {
      this.#requeueIn(backoffUs);
      return 0; // As upstream says it, though other pods may be running.
    }
    let indexes: readonly number[] | undefined;
    const replaced = new Map<number, Pod>();
    if (isIndexed(this.#job)) {
      indexes = this.#pendingIndexes(missing, counted);
      if (isPerIndex(this.#job)) indexes = this.#dueIndexes(indexes, replaced, counted);
      missing = indexes.length;
      if (missing === 0) return active;
    }
    return active + (yield* this.#create(missing, indexes, replaced));
  }

  /** Pods to remove: those of indexes beyond the last or held twice, then by rank. */
  #surplus(atLeast: number): Pod[] {
    const surplus: Pod[] = [];
    let rest = this.#active;
    if (isIndexed(this.#job)) {
      const seen = new Set<number>();
      rest = rest.filter((pod) => {
        const index = indexOf(pod);
        const fits = index !== undefined && index < (this.#job.spec.completions ?? 0) && !seen.has(index);
        if (fits) seen.add(index);
        else surplus.push(pod);
        return fits;
      });
    }
    const more = Math.max(0, atLeast - surplus.length);
    if (more === 0) return surplus;
    return [...surplus, ...inDeletionOrder(rest, () => 0, this.#view.clock, this.#view.nowUs).slice(0, more)];
  }

  #pendingIndexes(count: number, { succeededIndexes, failedIndexes }: Tracking["counted"]): number[] {
    const active = new Set(this.#active.map(indexOf));
    const pending: number[] = [];
    for (let index = 0; index < (this.#job.spec.completions ?? 0) && pending.length < count; index += 1) {
      if (!active.has(index) && !succeededIndexes.has(index) && !failedIndexes.has(index)) pending.push(index);
    }
    return pending;
  }

  /** Indexes whose own back-off is over. If none is, the Job comes again for the first. */
  #dueIndexes(indexes: readonly number[], replaced: Map<number, Pod>, counted: Tracking["counted"]): number[] {
    const delayed = delayedPods(this.#job, this.#pods, this.#active, counted, this.#view);
    const due: number[] = [];
    let soonest = Number.POSITIVE_INFINITY;
    for (const index of indexes) {
      const last = delayed.get(index);
      const record = last && {
        failures: failuresBefore(last) + ignoredFailuresBefore(last) + 1,
        lastFailureUs: finishedUs(last, this.#view.clock),
      };
      const waitUs = remainingUs(record, this.#view.nowUs);
      soonest = Math.min(soonest, waitUs);
      if (waitUs > 0) continue;
      due.push(index);
      if (last !== undefined) replaced.set(index, last);
    }
    if (due.length === 0 && soonest !== Number.POSITIVE_INFINITY) this.#requeueIn(soonest);
    return due;
  }

  *#create(count: number, indexes: readonly number[] | undefined, replaced: ReadonlyMap<number, Pod>): Task<number> {
    const { expectations } = this.#memory;
    expectations.expectCreations(this.#key, count, this.#view.nowUs);
    let attempted = 0;
    const create = (at: number): Task<ApiError | undefined> => {
      attempted += 1;
      const index = indexes?.[at];
      return this.#createOne(jobPod(this.#job, index, index === undefined ? undefined : replaced.get(index)));
    };
    const { succeeded, error } = yield* inSlowStartBatches(count, create);
    for (let skipped = attempted; skipped < count; skipped += 1) expectations.created(this.#key);
    this.#error ??= error;
    return succeeded;
  }

  *#createOne(pod: ReturnType<typeof jobPod>): Task<ApiError | undefined> {
    const error = yield* createPod(client, this.#job, pod);
    if (error !== undefined) this.#memory.expectations.created(this.#key);
    return error;
  }

  /** Pods the Job has no use for are let go uncounted; those that its end takes away count as failed. */
  *#remove(pods: readonly Pod[], uncounted: boolean): Task<number> {
    if (pods.length === 0) return 0;
    const { expectations } = this.#memory;
    const uids = pods.map(({ metadata }) => metadata.uid);
    expectations.expectDeletions(this.#key, uids, this.#view.nowUs);
    const errors = yield* all(pods.map((pod) => this.#removeOne(pod, uncounted)));
    this.#error ??= errors.find((error) => error !== undefined);
    this.#ready -= pods.filter((pod, index) => errors[index] === undefined && isPodReady(pod)).length;
    return errors.filter((error) => error === undefined).length;
  }

  *#removeOne(pod: Pod, uncounted: boolean): Task<ApiError | undefined> {
    let error: ApiError | undefined;
    if (uncounted && isTracked(pod))
      error = yield* removeFinalizer(pod, (object) => this.#memory.own.note(this.#key, object));
    error ??= yield* deletePod(client, this.#job, pod);
    if (error !== undefined) this.#memory.expectations.deleted(this.#key, pod.metadata.uid);
    return error;
  }

  /** The condition Suspended, with its event; the very list when it stays as it is. */
  *#suspension(conditions: JobStatus["conditions"], suspended: boolean): Task<JobStatus["conditions"]> {
    const known = conditions?.find(({ type }) => type === "Suspended");
    const wanted = suspended ? "True" : "False";
    if (known?.status === wanted || (known === undefined && !suspended)) return conditions;
    const time = this.#view.clock.time(this.#view.nowUs);
    const [reason, message] = suspended ? ["JobSuspended", "Job suspended"] : ["JobResumed", "Job resumed"];
    const condition = {
      type: "Suspended",
      status: wanted,
      reason,
      message,
      lastProbeTime: time,
      lastTransitionTime: time,
    };
    yield* recordEvent(client, this.#job, "Normal", suspended ? "Suspended" : "Resumed", message!);
    const others = (conditions ?? []).map((each) => (each.type === "Suspended" ? condition : each));
    return known === undefined ? [...others, condition] : others;
  }
}
