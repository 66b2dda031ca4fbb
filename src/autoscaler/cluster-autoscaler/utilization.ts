import { milliValue, type Node, type Pod, podRequests, value, type WallClock } from "../../model/index.ts";
import { isDaemonSetPod, isMirrorPod } from "./pod-kinds.ts";
import { gpuResource, hasGpuLabel } from "./readiness.ts";

/** How much of a node its pods ask for: the largest of its resources' shares decides. */
export interface Utilization {
  readonly cpu: number;
  readonly memory: number;
  readonly gpu: number;
  /** Name of the resource that decides. */
  readonly resource: string;
  readonly utilization: number;
}

export interface UtilizationOptions {
  readonly ignoreDaemonSetsUtilization: boolean;
  readonly ignoreMirrorPodsUtilization: boolean;
}

/** A terminating pod stops counting that long after its grace period. */
const terminationMarginUs = 30_000_000;

/** Whether a pod should be gone by now: deleted, and its grace and a margin have passed. */
export function isPodLongTerminating(pod: Pod, clock: WallClock, nowUs: number): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds } = pod.metadata;
  if (deletionTimestamp === undefined) return false;
  const grace = deletionGracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? 30;
  return clock.instantUs(deletionTimestamp) + grace * 1_000_000 + terminationMarginUs < nowUs;
}

/** Requested over allocatable; ignored pods are taken out of both. Text: why it cannot be told. */
export function utilizationOf(
  node: Node,
  pods: readonly Pod[],
  options: UtilizationOptions,
  clock: WallClock,
  nowUs: number,
): Utilization | string {
  const counted = pods.filter((pod) => !isPodLongTerminating(pod, clock, nowUs));
  if (hasGpuLabel(node)) {
    const gpu = share(node, counted, gpuResource, options);
    // Not allocatable yet: nobody can use them.
    const known = typeof gpu === "number" ? gpu : 0;
    return { cpu: 0, memory: 0, gpu: known, resource: gpuResource, utilization: known };
  }
  const cpu = share(node, counted, "cpu", options);
  if (typeof cpu === "string") return cpu;
  const memory = share(node, counted, "memory", options);
  if (typeof memory === "string") return memory;
  const [resource, utilization] = cpu > memory ? (["cpu", cpu] as const) : (["memory", memory] as const);
  return { cpu, memory, gpu: 0, resource, utilization };
}

function share(node: Node, pods: readonly Pod[], resource: string, options: UtilizationOptions): number | string {
  const allocatable = node.status.allocatable?.[resource];
  if (allocatable === undefined) return `failed to get ${resource} from ${node.metadata.name}`;
  if (value(allocatable) === 0 && milliValue(allocatable) === 0) return `${resource} is 0 at ${node.metadata.name}`;
  let used = 0;
  let ignored = 0;
  for (const pod of pods) {
    const requested = milliRequest(pod, resource);
    const skipped =
      (options.ignoreDaemonSetsUtilization && isDaemonSetPod(pod)) ||
      (options.ignoreMirrorPodsUtilization && isMirrorPod(pod));
    if (skipped) ignored += requested;
    else used += requested;
  }
  return used / (milliValue(allocatable) - ignored);
}

/** In thousandths of the resource's unit. */
function milliRequest(pod: Pod, resource: string): number {
  const requests = podRequests(pod);
  if (resource === "cpu") return requests.cpuMillicores;
  if (resource === "memory") return requests.memoryBytes * 1000;
  return (requests.scalars.get(resource) ?? 0) * 1000;
}
