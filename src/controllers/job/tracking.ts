import type { ApiError } from "../../apiserver/index.ts";
import { all, type OwnWrites, recordEvent, type Task, type View } from "../../client/index.ts";
import { isPodActive, type Job, type JobCondition, type JobStatus, keyOf, type Pod } from "../../model/index.ts";
import { delayedPods, failedIndexesOf } from "./index-failures.ts";
import { formatIndexes, indexOf, parseIndexes } from "./indexes.ts";
import { matchFailurePolicy } from "./pod-failure-policy.ts";
import { isFailed, isIndexed, isPerIndex, isTracked } from "./pods.ts";
import type { Counted, Verdict } from "./verdict.ts";
import { removeFinalizer, writeStatus } from "./writes.ts";

const client = "job-controller";
/** MaxUncountedPods: uids in the status at most. */
const maxUncounted = 500;

interface Uncounted {
  succeeded: string[];
  failed: string[];
}

/**
 * Counts each ended pod exactly once: its uid goes into the status, then its finalizer goes, then the uid turns into a
 * number (trackJobStatusAndRemoveFinalizers, v1.36).
 */
export class Tracking {
  readonly counted: Counted;
  readonly newSucceeded: readonly Pod[];
  readonly newFailed: readonly Pod[];
  readonly #job: Job;
  readonly #pods: readonly Pod[];
  readonly #view: View;
  readonly #own: OwnWrites;
  readonly #uncounted: Uncounted;
  readonly #held: Set<string>;

  constructor(job: Job, pods: readonly Pod[], view: View, own: OwnWrites) {
    this.#job = job;
    this.#pods = pods;
    this.#view = view;
    this.#own = own;
    this.#held = new Set(pods.filter(isTracked).map(({ metadata }) => metadata.uid));
    const { succeeded = [], failed = [] } = job.status.uncountedTerminatedPods ?? {};
    this.#uncounted = { succeeded: [...succeeded], failed: [...failed] };
    const { completions = 0 } = job.spec;
    const done = parseIndexes(job.status.completedIndexes, completions);
    const valid = (pod: Pod): boolean => !isIndexed(job) || (indexOf(pod) ?? completions) < completions;
    const fresh = (pod: Pod, known: readonly string[]): boolean =>
      isTracked(pod) && valid(pod) && !known.includes(pod.metadata.uid);
    this.newSucceeded = pods.filter(
      (pod) => pod.status.phase === "Succeeded" && fresh(pod, succeeded) && !failed.includes(pod.metadata.uid),
    );
    // The back-off knows of failures that a policy ignores; the count does not.
    this.newFailed = pods.filter((pod) => isFailed(pod, job) && fresh(pod, failed));
    const succeededIndexes = new Set(done);
    if (isIndexed(job)) for (const pod of this.newSucceeded) succeededIndexes.add(indexOf(pod)!);
    this.counted = {
      succeeded: isIndexed(job)
        ? succeededIndexes.size
        : (job.status.succeeded ?? 0) + succeeded.length + this.newSucceeded.length,
      failed:
        (job.status.failed ?? 0) + failed.length + this.newFailed.filter((pod) => this.#countsAsFailed(pod)).length,
      succeededIndexes,
      failedIndexes: failedIndexesOf(job, pods),
    };
  }

  #countsAsFailed(pod: Pod): boolean {
    return matchFailurePolicy(this.#job.spec.podFailurePolicy, pod, isPerIndex(this.#job)).counts;
  }

  /** Writes `status` and what was counted, in as many steps as it takes; ends the Job if the verdict says so. */
  *finish(status: JobStatus, verdict: Verdict | undefined): Task<ApiError | undefined> {
    let counters: JobStatus = status;
    counters = this.#settled(counters);
    const { toRelease, full } = this.#collect(verdict);
    counters = { ...counters, ...this.#indexed(), uncountedTerminatedPods: this.#uncountedStatus() };
    if (verdict !== undefined) counters = { ...counters, conditions: this.#withInterim(counters.conditions, verdict) };
    const first = yield* writeStatus(this.#job, { ...this.#job, status: counters } as Job, this.#own);
    if ("error" in first) return first.error;
    const errors = yield* all(toRelease.map((pod) => this.#release(pod)));
    counters = { ...this.#settled(counters), uncountedTerminatedPods: this.#uncountedStatus() };
    const open = this.#uncounted.succeeded.length + this.#uncounted.failed.length;
    const over = verdict !== undefined && !full && open === 0 && (counters.terminating ?? 0) === 0;
    if (over) counters = this.#ended(counters, verdict);
    const second = yield* writeStatus(first.job, { ...first.job, status: counters } as Job, this.#own);
    if ("error" in second) return second.error;
    if (over) yield* this.#recordEnd(verdict, counters);
    return errors.find((error) => error !== undefined);
  }

  /** Pods that have ended, or that the end of the Job ends: their uids are noted, their finalizers due. */
  #collect(verdict: Verdict | undefined): { readonly toRelease: readonly Pod[]; readonly full: boolean } {
    const job = this.#job;
    const delayed = delayedPods(job, this.#pods, this.#pods.filter(isPodActive), this.counted, this.#view);
    const toRelease: Pod[] = [];
    for (const pod of this.#pods) {
      if (!isTracked(pod)) continue;
      const { uid } = pod.metadata;
      const succeeded = pod.status.phase === "Succeeded" && !this.#uncounted.failed.includes(uid);
      const failed = !succeeded && isFailed(pod, job);
      const swept = verdict !== undefined || job.metadata.deletionTimestamp !== undefined;
      if (!succeeded && !failed && !swept) continue;
      const index = indexOf(pod);
      if (failed && !swept && index !== undefined && delayed.get(index) === pod) continue;
      toRelease.push(pod);
      if (succeeded) {
        if (!isIndexed(job) && !this.#uncounted.succeeded.includes(uid)) this.#uncounted.succeeded.push(uid);
      } else if (failed || verdict !== undefined) {
        const valid = !isIndexed(job) || (index !== undefined && index < (job.spec.completions ?? 0));
        if (valid && !this.#uncounted.failed.includes(uid) && this.#countsAsFailed(pod))
          this.#uncounted.failed.push(uid);
      }
      if (this.#uncounted.succeeded.length + this.#uncounted.failed.length >= maxUncounted)
        return { toRelease, full: true };
    }
    return { toRelease, full: false };
  }

  *#release(pod: Pod): Task<ApiError | undefined> {
    const error = yield* removeFinalizer(pod, (object) => this.#own.note(keyOf(this.#job), object));
    if (error === undefined) this.#held.delete(pod.metadata.uid);
    return error;
  }

  #uncountedStatus(): JobStatus["uncountedTerminatedPods"] {
    const { succeeded, failed } = this.#uncounted;
    return {
      ...(succeeded.length > 0 && { succeeded: [...succeeded] }),
      ...(failed.length > 0 && { failed: [...failed] }),
    };
  }

  /** Noted pods whose finalizer is gone become numbers. */
  #settled(status: JobStatus): JobStatus {
    const settle = (uids: string[]): number => {
      const open = uids.filter((uid) => this.#held.has(uid));
      const settled = uids.length - open.length;
      uids.splice(0, uids.length, ...open);
      return settled;
    };
    const succeeded = settle(this.#uncounted.succeeded);
    const failed = settle(this.#uncounted.failed);
    return {
      ...status,
      ...(succeeded > 0 && { succeeded: (status.succeeded ?? 0) + succeeded }),
      ...(failed > 0 && { failed: (status.failed ?? 0) + failed }),
    };
  }

  #indexed(): Partial<JobStatus> {
    if (!isIndexed(this.#job)) return {};
    const { succeededIndexes, failedIndexes } = this.counted;
    return {
      ...(succeededIndexes.size > 0 && {
        succeeded: succeededIndexes.size,
        completedIndexes: formatIndexes(succeededIndexes),
      }),
      ...(isPerIndex(this.#job) && { failedIndexes: formatIndexes(failedIndexes) }),
    };
  }

  #condition(type: string, { reason, message }: Verdict): JobCondition {
    const time = this.#view.clock.time(this.#view.nowUs);
    return { type, status: "True", reason, message, lastProbeTime: time, lastTransitionTime: time };
  }

  #withInterim(conditions: JobStatus["conditions"], verdict: Verdict): JobStatus["conditions"] {
    if (conditions?.some(({ type }) => type === verdict.type) === true) return conditions;
    return [...(conditions ?? []), this.#condition(verdict.type, verdict)];
  }

  #ended(status: JobStatus, verdict: Verdict): JobStatus {
    const complete = verdict.type === "SuccessCriteriaMet";
    const last = this.#condition(complete ? "Complete" : "Failed", verdict);
    return {
      ...status,
      conditions: [...(status.conditions ?? []), last],
      ...(complete && { completionTime: last.lastTransitionTime }),
    };
  }

  *#recordEnd({ type, reason, message }: Verdict, { succeeded = 0 }: JobStatus): Task<void> {
    const { completions } = this.#job.spec;
    if (type === "FailureTarget") yield* recordEvent(client, this.#job, "Warning", reason, message);
    else {
      if (completions !== undefined && succeeded > completions) {
        const text = "Too many succeeded pods running after completion count reached";
        yield* recordEvent(client, this.#job, "Warning", "TooManySucceededPods", text);
      }
      yield* recordEvent(client, this.#job, "Normal", "Completed", "Job completed");
    }
  }
}
