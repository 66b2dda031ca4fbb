import type { Pod, PodCondition } from "./generated/api-types.ts";
import type { Time } from "./object-meta.ts";

type PodStatus = Pick<Pod, "status">;

export function podCondition(pod: PodStatus, type: string): PodCondition | undefined {
  const conditions = pod.status?.conditions;
  if (conditions === undefined) return undefined;
  for (const condition of conditions) if (condition.type === type) return condition;
  return undefined;
}

/** Whether the condition Ready is True. */
export function isPodReady(pod: PodStatus): boolean {
  return podCondition(pod, "Ready")?.status === "True";
}

/** Ready for at least `minReadySeconds`, as ReplicaSet and Deployment count available pods. `nowSeconds`: since 1970. */
export function isPodAvailable(
  pod: PodStatus,
  minReadySeconds: number,
  nowSeconds: number,
  secondsOf: (time: Time) => number,
): boolean {
  const ready = podCondition(pod, "Ready");
  if (ready?.status !== "True") return false;
  if (minReadySeconds === 0) return true;
  return ready.lastTransitionTime !== undefined && secondsOf(ready.lastTransitionTime) + minReadySeconds <= nowSeconds;
}

/** Whether the phase is Succeeded or Failed: it will not run again. */
export function isPodTerminal(pod: PodStatus): boolean {
  const phase = pod.status?.phase;
  return phase === "Succeeded" || phase === "Failed";
}

/** Neither terminal nor being deleted. */
export function isPodActive(pod: Pick<Pod, "metadata" | "status">): boolean {
  return pod.metadata.deletionTimestamp === undefined && !isPodTerminal(pod);
}

/** What conditions of all kinds have in common. */
export interface AnyCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: Time;
}

export function findCondition<C extends AnyCondition>(
  conditions: readonly C[] | undefined,
  type: string,
): C | undefined {
  if (conditions === undefined) return undefined;
  for (const condition of conditions) if (condition.type === type) return condition;
  return undefined;
}

/**
 * The list with the condition set: in its old place, or at the end. A status that stays keeps its `lastTransitionTime`, and a
 * condition that says the same returns the very list that was given, so that callers can tell that nothing changed.
 */
export function withCondition<C extends AnyCondition>(
  conditions: readonly C[] | undefined,
  condition: C,
): readonly C[] {
  const list = conditions ?? [];
  const at = list.findIndex(({ type }) => type === condition.type);
  if (at < 0) return [...list, condition];
  const seen = list[at]!;
  const next = { ...condition };
  if (seen.status === condition.status && seen.lastTransitionTime !== undefined) {
    Object.assign(next, { lastTransitionTime: seen.lastTransitionTime });
  }
  if (sameFlat(seen, next)) return list;
  const copy = list.slice();
  copy[at] = next;
  return copy;
}

/** Equal in every field; conditions hold no nested values. */
function sameFlat(left: object, right: object): boolean {
  const keys = Object.keys(left);
  if (keys.length !== Object.keys(right).length) return false;
  return keys.every((key) => left[key as keyof typeof left] === right[key as keyof typeof right]);
}
