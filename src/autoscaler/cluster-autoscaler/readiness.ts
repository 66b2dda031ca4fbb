import { findCondition, type Node, type Time } from "../../model/index.ts";

const notReadyTaints = new Set([
  "node.kubernetes.io/not-ready",
  "node.kubernetes.io/disk-pressure",
  "node.kubernetes.io/network-unavailable",
]);

/** Whether a node can run pods: its Ready condition, its network, and the taints that say otherwise. */
export function isNodeReady(node: Node): boolean {
  if (findCondition(node.status.conditions, "Ready")?.status !== "True") return false;
  if (findCondition(node.status.conditions, "NetworkUnavailable")?.status === "True") return false;
  return !(node.spec.taints ?? []).some(({ key }) => notReadyTaints.has(key));
}

/** When its readiness changed last; `undefined` when it never said. */
export function readySince(node: Node): Time | undefined {
  return findCondition(node.status.conditions, "Ready")?.lastTransitionTime;
}

const startupTaintPrefixes = [
  "startup-taint.cluster-autoscaler.kubernetes.io/",
  "ignore-taint.cluster-autoscaler.kubernetes.io/",
];

export function isStartupTaint(key: string): boolean {
  return startupTaintPrefixes.some((prefix) => key.startsWith(prefix));
}

const gpuLabels = ["cloud.google.com/gke-accelerator", "k8s.amazonaws.com/accelerator", "accelerator"];
export const gpuResource = "nvidia.com/gpu";

export function hasGpuLabel(node: Node): boolean {
  return gpuLabels.some((label) => node.metadata.labels?.[label] !== undefined);
}

/** Nodes that still wait for a startup taint to go or for their GPUs count as not ready, whatever they say. */
export function withoutUnfinished(node: Node): Node {
  const waits = (node.spec.taints ?? []).some(({ key }) => isStartupTaint(key));
  const lacksGpu = hasGpuLabel(node) && Number(node.status.allocatable?.[gpuResource] ?? "0") === 0;
  if (!waits && !lacksGpu) return node;
  const conditions = (node.status.conditions ?? []).map((condition) =>
    condition.type === "Ready"
      ? { ...condition, status: "False", lastTransitionTime: node.metadata.creationTimestamp }
      : condition,
  );
  return { ...node, status: { ...node.status, conditions } };
}
