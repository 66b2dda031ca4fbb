import { type HorizontalPodAutoscaler, type KubeObject, keyOf } from "../../model/index.ts";
import { historyWindowUs } from "./behavior.ts";
import { remember } from "./history.ts";
import type { AutoscalerMemory } from "./memory.ts";
import type { AutoscalerFlags } from "./ports.ts";

/** The beat of syncs that change nothing. */
interface Beat {
  /** When the last sync ended. */
  readonly endedUs: number;
  /** What a sync takes. */
  readonly durationUs: number;
}

/**
 * An autoscaler whose last sync changed nothing. Until the autoscaler, its target, one of its pods or their usage changes,
 * or an old recommendation or a pod's start is too long ago to count, its syncs would all be the same, so none is run: a
 * flat load costs nothing. It keeps its beat meanwhile, and its recommendations are noted when it wakes.
 */
export interface Sleep extends Beat {
  /** When the first sync begins that may differ though nothing has changed; Infinity: none does. */
  readonly untilUs: number;
  readonly proposal: number;
  /** Kind and key of the target. */
  readonly target: string;
}

export function targetId({ kind, metadata }: KubeObject): string {
  return `${kind}/${keyOf({ metadata })}`;
}

/** When the first sync begins that ends at `atUs` or later. */
export function firstBeatAt(atUs: number, { endedUs, durationUs }: Beat, syncPeriodUs: number): number {
  const beatUs = syncPeriodUs + durationUs;
  const skipped = Math.max(0, Math.ceil((atUs - endedUs) / beatUs) - 1);
  return endedUs + syncPeriodUs + skipped * beatUs;
}

/**
 * Ends a sleep: notes what the syncs left out would have recommended, and says when the next is due. One that would be under
 * way now is due at once: it would see what has changed.
 */
export function wake(
  hpa: HorizontalPodAutoscaler,
  { endedUs, durationUs, proposal: replicas }: Sleep,
  memory: AutoscalerMemory,
  flags: AutoscalerFlags,
  nowUs: number,
): number {
  const beatUs = flags.syncPeriodUs + durationUs;
  const windowUs = historyWindowUs(hpa, flags);
  const history = memory.histories.get(keyOf(hpa));
  // The first sync left out whose recommendation is not forgotten by now.
  const skipped = Math.max(0, Math.floor((nowUs - windowUs - endedUs) / beatUs) - 1);
  let dueUs = endedUs + flags.syncPeriodUs + skipped * beatUs;
  for (; dueUs + durationUs < nowUs; dueUs += beatUs) {
    const atUs = dueUs + durationUs;
    if (history !== undefined)
      remember(history.recommendations, { replicas, atUs }, (old) => old.atUs < atUs - windowUs);
  }
  return dueUs;
}

/** Usage of resources is watched; other metrics are asked for at every sync. */
export function readsResourcesOnly({ spec }: HorizontalPodAutoscaler): boolean {
  return (spec.metrics ?? []).every(({ type }) => type === "Resource" || type === "ContainerResource");
}
