import { type Pod, podCondition, type WallClock } from "../../model/index.ts";

const firstUs = 10_000_000;
const maxUs = 600_000_000;

/** Failures of a Job since its last success, and when the last of them ended. */
export interface BackoffRecord {
  readonly failures: number;
  readonly lastFailureUs: number;
}

/** When a pod ended: its last container's end, else the loss of readiness, else its deletion or birth; whole seconds. */
export function finishedUs(pod: Pod, clock: WallClock): number {
  let last: number | undefined;
  for (const { state, lastState } of pod.status.containerStatuses ?? []) {
    const at = state?.terminated?.finishedAt ?? lastState?.terminated?.finishedAt;
    if (at !== undefined) last = Math.max(last ?? Number.NEGATIVE_INFINITY, clock.instantUs(at));
  }
  if (last !== undefined) return last;
  const ready = podCondition(pod, "Ready");
  if (ready?.status === "False" && ready.lastTransitionTime !== undefined)
    return clock.instantUs(ready.lastTransitionTime);
  return clock.instantUs(pod.metadata.deletionTimestamp ?? pod.metadata.creationTimestamp);
}

/** The record with the pods that ended since: a success forgets what failed before it. */
export function withFinished(
  record: BackoffRecord | undefined,
  succeeded: readonly Pod[],
  failed: readonly Pod[],
  clock: WallClock,
): BackoffRecord | undefined {
  if (succeeded.length === 0 && failed.length === 0) return record;
  const successUs = Math.max(Number.NEGATIVE_INFINITY, ...succeeded.map((pod) => finishedUs(pod, clock)));
  const after = failed.map((pod) => finishedUs(pod, clock)).filter((at) => at > successUs);
  const before = succeeded.length === 0 ? (record?.failures ?? 0) : 0;
  if (before + after.length === 0) return undefined;
  const lastBefore =
    succeeded.length === 0 ? (record?.lastFailureUs ?? Number.NEGATIVE_INFINITY) : Number.NEGATIVE_INFINITY;
  return { failures: before + after.length, lastFailureUs: Math.max(lastBefore, ...after) };
}

/** Microseconds until the next pod may be made: 10 s doubling to 10 min after the end of the last failure. */
export function remainingUs(record: BackoffRecord | undefined, nowUs: number): number {
  if (record === undefined || record.failures === 0) return 0;
  let waitUs = firstUs;
  for (let failure = 1; failure < record.failures && waitUs < maxUs; failure += 1) waitUs *= 2;
  return Math.max(0, record.lastFailureUs + Math.min(waitUs, maxUs) - nowUs);
}
