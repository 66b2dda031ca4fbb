import { milliValue, type Node, type Pod, podRequests, value } from "../model/index.ts";

/** Why a kubelet refuses a pod that was bound to it: reason and detail. */
export interface Rejection {
  readonly reason: string;
  readonly message: string;
}

export interface Admission {
  readonly pod: Pod;
  readonly node: Node;
  /** Pods of which something runs or may run. */
  readonly others: readonly Pod[];
}

/** The kubelet's own look at resources (canAdmitPod, v1.36): the first resource that is short decides. */
export function admissionRejection({ pod, node, others }: Admission): Rejection | undefined {
  const { allocatable = {} } = node.status;
  const wanted = podRequests(pod);
  let [pods, cpu, memory] = [0, 0, 0];
  for (const other of others) {
    const requests = podRequests(other);
    pods += 1;
    cpu += requests.cpuMillicores;
    memory += requests.memoryBytes;
  }
  const lacks = [
    { resource: "pods", requested: 1, used: pods, capacity: value(allocatable["pods"] ?? "110") },
    { resource: "cpu", requested: wanted.cpuMillicores, used: cpu, capacity: milliValue(allocatable["cpu"] ?? "0") },
    { resource: "memory", requested: wanted.memoryBytes, used: memory, capacity: value(allocatable["memory"] ?? "0") },
  ].find(({ requested, used, capacity }) => requested > 0 && requested + used > capacity);
  if (lacks === undefined) return undefined;
  const { resource, requested, used, capacity } = lacks;
  const message = `Node didn't have enough resource: ${resource}, requested: ${requested}, used: ${used}, capacity: ${capacity}`;
  return { reason: `OutOf${resource}`, message };
}
