import {
  findCondition,
  isPodTerminal,
  type Pod,
  type PodCondition,
  type PodStatus,
  podCondition,
} from "../model/index.ts";
import { isKubeletOwned } from "./pod-status.ts";

/** Of somebody else than the kubelet; the one about a disruption is everybody's. */
export function isOthers({ type }: PodCondition): boolean {
  return !isKubeletOwned(type) && type !== "DisruptionTarget";
}

/** kubelet's `mergePodStatus`: others' conditions stay, and no terminal phase is told while something may run. */
export function mergedStatus(stored: Pod, status: PodStatus, mayRun: boolean, now: string): PodStatus {
  const old = stored.status;
  const turnsTerminal = !isPodTerminal(stored) && isPodTerminal({ status });
  if (!turnsTerminal && hasNothingOfOthers(old, status)) return status;
  const conditions = [
    ...(old.conditions ?? []).filter(isOthers),
    ...(status.conditions ?? []).filter(({ type }) => isKubeletOwned(type)),
  ];
  const target = turnsTerminal && !mayRun ? podCondition({ status }, "DisruptionTarget") : undefined;
  const kept = target ?? findCondition(old.conditions, "DisruptionTarget");
  if (kept !== undefined) conditions.push(target === undefined ? kept : { ...target, lastTransitionTime: now });
  const { reason, message, ...rest } = status;
  const waits = turnsTerminal && mayRun;
  const words = waits ? old : { reason, message };
  const { reason: _reason, message: _message, ...others } = old;
  const merged = Object.assign(
    others,
    rest,
    { conditions },
    waits && { phase: old.phase },
    words.reason !== undefined && { reason: words.reason },
    words.message !== undefined && { message: words.message },
  );
  return merged;
}

/** Whether the stored status has nothing that the kubelet's lacks, nor the kubelet's anything that only others may say. */
function hasNothingOfOthers(stored: PodStatus, status: PodStatus): boolean {
  for (const { type } of stored.conditions ?? []) if (!isKubeletOwned(type)) return false;
  for (const { type } of status.conditions ?? []) if (!isKubeletOwned(type)) return false;
  for (const field in stored) if (!(field in status) && field !== "reason" && field !== "message") return false;
  return true;
}
