import { controllerOf, type Pod, podCondition } from "../../model/index.ts";

export function isMirrorPod(pod: Pod): boolean {
  return pod.metadata.annotations?.["kubernetes.io/config.mirror"] !== undefined;
}

function isStaticPod(pod: Pod): boolean {
  const source = pod.metadata.annotations?.["kubernetes.io/config.source"];
  return source !== undefined && source !== "api";
}

export function isDaemonSetPod(pod: Pod): boolean {
  return (
    controllerOf(pod)?.kind === "DaemonSet" ||
    pod.metadata.annotations?.["cluster-autoscaler.kubernetes.io/daemonset-pod"] === "true"
  );
}

/** Would come back elsewhere if it were evicted. */
export function isRecreatable(pod: Pod): boolean {
  if (pod.metadata.annotations === undefined) return controllerOf(pod)?.kind !== "DaemonSet";
  return !isStaticPod(pod) && !isMirrorPod(pod) && !isDaemonSetPod(pod);
}

/** Waits, and the scheduler has said that it found no place. */
export function isUnschedulable(pod: Pod): boolean {
  const condition = podCondition(pod, "PodScheduled");
  return condition?.status === "False" && condition.reason === "Unschedulable";
}

/** Pods so unimportant that neither machines are bought for them nor kept. No priority is not a low one. */
export function isExpendable(pod: Pod, cutoff: number): boolean {
  return pod.spec.priority !== undefined && pod.spec.priority < cutoff;
}
