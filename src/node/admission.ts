import {
  findUntoleratedTaint,
  milliValue,
  type Node,
  type Pod,
  podRequestList,
  podRequests,
  qosClass,
  RequiredNodeAffinity,
  tolerationsTolerate,
  value,
} from "../model/index.ts";
import { isCriticalPod } from "./critical-pod.ts";

/** Why a kubelet refuses a pod that was bound to it: reason and detail. */
export interface Rejection {
  readonly reason: string;
  readonly message: string;
  /** Resources that are short, where nothing else is: a critical pod makes room for itself. */
  readonly shortages?: readonly Shortage[];
}

/** How much is short; milli-CPUs, bytes, counts. */
export interface Shortage {
  readonly resource: string;
  readonly missing: number;
}

interface Admission {
  readonly pod: Pod;
  readonly node: Node;
  /** Pods of which something runs or may run. */
  readonly others: readonly Pod[];
  /** Node conditions under pressure. */
  readonly pressures: ReadonlySet<string>;
  readonly shuttingDown: boolean;
}

/** The kubelet's own look at a pod that was bound to it, handler by handler; the first objection counts. */
export function admissionRejection(admission: Admission): Rejection | undefined {
  const { shuttingDown } = admission;
  return (
    underPressure(admission) ??
    againstPredicates(admission) ??
    (shuttingDown ? { reason: "NodeShutdown", message: "Pod was rejected as the node is shutting down." } : undefined)
  );
}

const memoryPressureTaint = { key: "node.kubernetes.io/memory-pressure", effect: "NoSchedule" };

function underPressure({ pod, pressures }: Admission): Rejection | undefined {
  if (pressures.size === 0 || isCriticalPod(pod)) return undefined;
  if (pressures.size === 1 && pressures.has("MemoryPressure")) {
    if (qosClass(pod) !== "BestEffort" || tolerationsTolerate(pod.spec.tolerations, memoryPressureTaint))
      return undefined;
  }
  return { reason: "Evicted", message: `The node had condition: [${[...pressures].join(" ")}]. ` };
}

function againstPredicates({ pod, node, others }: Admission): Rejection | undefined {
  const short = shortages(pod, node, others);
  const [first] = short;
  if (first !== undefined) {
    const { resource, requested, used, capacity } = first;
    const message = `Node didn't have enough resource: ${resource}, requested: ${requested}, used: ${used}, capacity: ${capacity}`;
    return {
      reason: `OutOf${resource}`,
      message,
      shortages: short.map((one) => ({ resource: one.resource, missing: one.missing })),
    };
  }
  const failed = (name: string, why: string): Rejection => ({
    reason: name,
    message: `Predicate ${name} failed: ${why}`,
  });
  if (!new RequiredNodeAffinity(pod).matches(node))
    return failed("NodeAffinity", "node(s) didn't match Pod's node affinity/selector");
  const wanted = hostPorts(pod);
  if (wanted.length > 0 && others.flatMap(hostPorts).some((port) => wanted.includes(port)))
    return failed("NodePorts", "node(s) didn't have free ports for the requested pod ports");
  if (findUntoleratedTaint(node.spec.taints, pod.spec.tolerations, ["NoExecute"]) !== undefined)
    return failed("TaintToleration", "node(s) had taints that the pod didn't tolerate");
  return undefined;
}

function hostPorts({ spec }: Pod): string[] {
  return spec.containers.flatMap(({ ports = [] }) =>
    ports.flatMap(({ hostPort, protocol = "TCP", hostIP = "" }) =>
      hostPort === undefined ? [] : `${hostIP}/${protocol}/${hostPort}`,
    ),
  );
}

/** A pod's request in the unit that messages use. */
export function requestOf(pod: Pod, resource: string): number {
  if (resource === "pods") return 1;
  if (resource === "cpu") return podRequests(pod).cpuMillicores; // Memoised, unlike the list.
  if (resource === "memory") return podRequests(pod).memoryBytes;
  const text = podRequestList(pod)[resource];
  if (text === undefined) return 0;
  return value(text);
}

/** The scheduler's own sums: pods, cpu, memory, storage, then what else the node has; resources it does not have are ignored. */
function shortages(
  pod: Pod,
  { status }: Node,
  others: readonly Pod[],
): (Shortage & Record<"requested" | "used" | "capacity", number>)[] {
  const { allocatable = {} } = status;
  const wanted = Object.keys(podRequestList(pod)).filter(
    (name) => !["cpu", "memory", "ephemeral-storage"].includes(name),
  );
  return ["pods", "cpu", "memory", "ephemeral-storage", ...wanted.sort()].flatMap((resource) => {
    const text = allocatable[resource];
    const requested = requestOf(pod, resource);
    if (text === undefined || requested === 0) return [];
    const capacity = resource === "cpu" ? milliValue(text) : value(text);
    const used = others.reduce((total, other) => total + requestOf(other, resource), 0);
    const missing = requested + used - capacity;
    return missing > 0 ? [{ resource, requested, used, capacity, missing }] : [];
  });
}
