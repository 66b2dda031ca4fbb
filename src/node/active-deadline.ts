import type { Pod, PodStatus, WallClock } from "../model/index.ts";

/** What the status and an event say of a pod whose time is over. */
export const deadlineExceeded = {
  reason: "DeadlineExceeded",
  message: "Pod was active on the node longer than the specified deadline",
} as const;

/**
 * When a pod's `activeDeadlineSeconds` are over; `undefined` without any. They count from the start that its status tells, and
 * before it tells one from `begunUs`, in whole seconds either way.
 */
export function deadlineUs(
  { spec }: Pod,
  { startTime }: PodStatus,
  begunUs: number,
  clock: WallClock,
): number | undefined {
  const { activeDeadlineSeconds } = spec;
  if (activeDeadlineSeconds === undefined) return undefined;
  const startUs = startTime === undefined ? Math.floor(begunUs / 1_000_000) * 1_000_000 : clock.instantUs(startTime);
  return startUs + activeDeadlineSeconds * 1_000_000;
}
