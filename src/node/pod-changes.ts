import { containersReadyCondition, type Pod, type PodPhase, podCondition, readyCondition } from "../model/index.ts";

/** `podsDifferSemantically`: unchanged parts of an object stay the same objects. */
export function differsSemantically(before: Pod, after: Pod): boolean {
  const [old, now] = [before.metadata, after.metadata];
  return (
    before.spec !== after.spec ||
    old.labels !== now.labels ||
    old.annotations !== now.annotations ||
    old.deletionTimestamp !== now.deletionTimestamp ||
    old.deletionGracePeriodSeconds !== now.deletionGracePeriodSeconds
  );
}

/** Somebody set a condition that a readiness gate waits for: NeedToReconcilePodReadiness. */
export function gatesChanged(pod: Pod): boolean {
  if ((pod.spec.readinessGates ?? []).length === 0) return false;
  const statuses = [...(pod.status.initContainerStatuses ?? []), ...(pod.status.containerStatuses ?? [])];
  const wanted = readyCondition(pod, containersReadyCondition(pod.spec, statuses, pod.status.phase as PodPhase));
  const told = podCondition(pod, "Ready");
  return told !== undefined && (told.status !== wanted.status || told.message !== wanted.message);
}
