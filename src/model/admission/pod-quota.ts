import type { Pod } from "../generated/api-types.ts";
import type { Quantity } from "../object-meta.ts";
import { podLimitList, podRequestList } from "../pod-resources.ts";
import { isPodTerminal } from "../pod-state.ts";
import { parseTime } from "../wall-clock.ts";

/**
 * What a pod counts for in quotas, by quota key. A pod that has ended, or is deleted and past its grace, is free but for `count/pods`.
 * `nowSeconds`: since 1970.
 */
export function podQuotaUsage(
  pod: Pick<Pod, "metadata" | "spec" | "status">,
  nowSeconds: number,
): Record<string, Quantity> {
  const usage: Record<string, Quantity> = { "count/pods": "1" };
  if (!countsForQuota(pod, nowSeconds)) return usage;
  usage["pods"] = "1";
  for (const [name, request] of Object.entries(podRequestList(pod, { useStatusResources: true }))) {
    if (isStandard(name)) usage[name] = request;
    if (isStandard(name) || name.includes("/")) usage[`requests.${name}`] = request;
  }
  for (const [name, limit] of Object.entries(podLimitList(pod))) if (isCompute(name)) usage[`limits.${name}`] = limit;
  return usage;
}

/** Whether the pod still holds what it requested. */
export function countsForQuota({ metadata, ...pod }: Pick<Pod, "metadata" | "status">, nowSeconds: number): boolean {
  if (isPodTerminal(pod)) return false;
  const { deletionTimestamp, deletionGracePeriodSeconds } = metadata;
  if (deletionTimestamp === undefined || deletionGracePeriodSeconds === undefined) return true;
  return nowSeconds <= parseTime(deletionTimestamp)!.seconds + deletionGracePeriodSeconds;
}

const isCompute = (name: string): boolean => name === "cpu" || name === "memory" || name === "ephemeral-storage";
const isStandard = (name: string): boolean => isCompute(name) || name.startsWith("hugepages-");
