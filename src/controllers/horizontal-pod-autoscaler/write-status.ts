import type { Task } from "../../client/index.ts";
import { type HorizontalPodAutoscalerStatus, type MetricStatus, sameContent } from "../../model/index.ts";
import type { Sync } from "./sync-state.ts";

/** What a sync came to. */
export interface Outcome {
  /** Before the write. */
  readonly current: number;
  readonly desired: number;
  readonly statuses: readonly MetricStatus[];
  readonly rescaled: boolean;
}

export function* finish(sync: Sync, outcome: Outcome): Task<string | undefined> {
  const error = yield* writeStatus(sync, outcome);
  return error && `failed to update status for ${sync.hpa.metadata.name}: ${error}`;
}

export function* writeStatus(sync: Sync, { current, desired, statuses, rescaled }: Outcome): Task<string | undefined> {
  const { hpa, ports, conditions } = sync;
  const lastScaleTime = rescaled ? ports.time : hpa.status?.lastScaleTime;
  return yield* putStatus(sync, {
    ...(lastScaleTime !== undefined && { lastScaleTime }),
    currentReplicas: current,
    desiredReplicas: desired,
    ...(statuses.length > 0 && { currentMetrics: statuses }),
    conditions: conditions.list,
  });
}

/** One write, and only where something differs from what is cached. */
export function* putStatus(
  { hpa, ports, written }: Sync,
  status: HorizontalPodAutoscalerStatus,
): Task<string | undefined> {
  if (sameContent(hpa.status, status)) return undefined;
  written.status = true;
  const error = yield* ports.writeStatus(hpa, status);
  if (error !== undefined) yield* ports.event(hpa, "Warning", "FailedUpdateStatus", error);
  return error;
}
