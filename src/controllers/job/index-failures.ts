import type { View } from "../../client/index.ts";
import type { Job, Pod } from "../../model/index.ts";
import { finishedUs } from "./backoff.ts";
import { failuresBefore, indexOf, parseIndexes } from "./indexes.ts";
import { matchFailurePolicy } from "./pod-failure-policy.ts";
import { isFailed, isPerIndex, isTracked } from "./pods.ts";
import type { Counted } from "./verdict.ts";

/** The last failed pod of each index that waits for its successor: it keeps its finalizer, as it knows the count. */
export function delayedPods(
  job: Job,
  pods: readonly Pod[],
  active: readonly Pod[],
  { succeededIndexes, failedIndexes }: Counted,
  view: View,
): Map<number, Pod> {
  const delayed = new Map<number, Pod>();
  if (!isPerIndex(job)) return delayed;
  const running = new Set(active.map(indexOf));
  for (const pod of pods) {
    const index = indexOf(pod);
    if (index === undefined || !isTracked(pod) || !isFailed(pod, job)) continue;
    if (succeededIndexes.has(index) || failedIndexes.has(index) || running.has(index)) continue;
    const last = delayed.get(index);
    if (last === undefined || finishedUs(last, view.clock) <= finishedUs(pod, view.clock)) delayed.set(index, pod);
  }
  return delayed;
}

/** Indexes that have failed for good: by policy, or more often than the limit per index. */
export function failedIndexesOf(job: Job, pods: readonly Pod[]): Set<number> {
  const { completions = 0, backoffLimitPerIndex, podFailurePolicy } = job.spec;
  const failed = parseIndexes(job.status.failedIndexes, completions);
  if (!isPerIndex(job)) return failed;
  for (const pod of pods) {
    const index = indexOf(pod);
    if (index === undefined || index >= completions || !isTracked(pod) || !isFailed(pod, job)) continue;
    const { action } = matchFailurePolicy(podFailurePolicy, pod, true);
    const limit = failuresBefore(pod) >= backoffLimitPerIndex! && action !== "Ignore";
    if (action === "FailIndex" || limit) failed.add(index);
  }
  return failed;
}
