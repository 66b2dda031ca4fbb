import type { Node, Taint } from "../../model/index.ts";

const notReadyTaint = "node.kubernetes.io/not-ready";
const unreachableTaint = "node.kubernetes.io/unreachable";

type Ready = "True" | "False" | "Unknown";

/** The Ready condition's status; Unknown where there is none. */
export function readyStatus({ status }: Node): Ready {
  const condition = status.conditions?.find(({ type }) => type === "Ready");
  return (condition?.status as Ready | undefined) ?? "Unknown";
}

const conditionTaints: readonly { readonly type: string; readonly status: string; readonly key: string }[] = [
  { type: "Ready", status: "False", key: notReadyTaint },
  { type: "Ready", status: "Unknown", key: unreachableTaint },
  { type: "MemoryPressure", status: "True", key: "node.kubernetes.io/memory-pressure" },
  { type: "DiskPressure", status: "True", key: "node.kubernetes.io/disk-pressure" },
  { type: "PIDPressure", status: "True", key: "node.kubernetes.io/pid-pressure" },
  { type: "NetworkUnavailable", status: "True", key: "node.kubernetes.io/network-unavailable" },
];
const unschedulableTaint = "node.kubernetes.io/unschedulable";
const owned = new Set([...conditionTaints.map(({ key }) => key), unschedulableTaint]);

/** Taints after the NoSchedule ones follow the node's conditions (doNoScheduleTaintingPass, v1.36); the same list if nothing changes. */
export function withConditionTaints(node: Node): readonly Taint[] {
  const taints = node.spec.taints ?? [];
  const wanted = new Set<string>();
  for (const { type, status, key } of conditionTaints) {
    if (node.status.conditions?.some((condition) => condition.type === type && condition.status === status))
      wanted.add(key);
  }
  if (node.spec.unschedulable === true) wanted.add(unschedulableTaint);
  const kept = taints.filter(({ key, effect }) => effect !== "NoSchedule" || !owned.has(key) || wanted.has(key));
  for (const { key, effect } of kept) if (effect === "NoSchedule") wanted.delete(key);
  if (kept.length === taints.length && wanted.size === 0) return taints;
  return [...kept, ...[...wanted].map((key) => ({ key, effect: "NoSchedule" }))];
}

/** Taints with the NoExecute one that the Ready condition calls for, and without the other. */
export function withEvictionTaint(node: Node, key: string | undefined, time: string): readonly Taint[] {
  const taints = node.spec.taints ?? [];
  const ours = (taint: Taint): boolean =>
    taint.effect === "NoExecute" && (taint.key === notReadyTaint || taint.key === unreachableTaint);
  const kept = taints.filter((taint) => !ours(taint) || taint.key === key);
  const there = key === undefined || kept.some((taint) => ours(taint) && taint.key === key);
  if (there) return kept.length === taints.length ? taints : kept;
  return [...kept, { key, effect: "NoExecute", timeAdded: time }];
}

/** The NoExecute taint that the node's Ready condition calls for, if any. */
export function evictionTaintFor(node: Node): string | undefined {
  const ready = readyStatus(node);
  return ready === "True" ? undefined : ready === "False" ? notReadyTaint : unreachableTaint;
}
