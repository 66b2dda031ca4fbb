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
import { lastingContainers } from "./pod-containers.ts";

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

export const nodeShutdown: Rejection = {
  reason: "NodeShutdown",
  message: "Pod was rejected as the node is shutting down.",
};

/** The kubelet's own look at a pod that was bound to it, handler by handler; the first objection counts. */
export function admissionRejection(admission: Admission): Rejection | undefined {
  const { shuttingDown } = admission;
  return underPressure(admission) ?? againstPredicates(admission) ?? (shuttingDown ? nodeShutdown : undefined);
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
  const wrongSystem = againstSystem(pod);
  if (wrongSystem !== undefined) return wrongSystem;
  const short = shortages(pod, node, others);
  const [first] = short;
  const elsewhere = first === undefined || isCriticalPod(pod) ? againstPlace(pod, node, others) : undefined;
  if (elsewhere !== undefined) return elsewhere; // No room that others make would help a critical pod.
  if (first !== undefined) {
    const { resource, requested, used, capacity } = first;
    const message = `Node didn't have enough resource: ${resource}, requested: ${requested}, used: ${used}, capacity: ${capacity}`;
    return {
      reason: `OutOf${resource}`,
      message,
      shortages: short.map((one) => ({ resource: one.resource, missing: one.missing })),
    };
  }
  return undefined;
}

/** All machines run Linux. */
function againstSystem({ metadata, spec }: Pod): Rejection | undefined {
  if ((metadata.labels?.["kubernetes.io/os"] ?? "linux") !== "linux") {
    const message = "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label";
    return { reason: "PodOSSelectorNodeLabelDoesNotMatch", message };
  }
  if ((spec.os?.name ?? "linux") === "linux") return undefined;
  return { reason: "PodOSNotSupported", message: "Failed to admit pod as the OS field doesn't match node OS" };
}

function againstPlace(pod: Pod, node: Node, others: readonly Pod[]): Rejection | undefined {
  const failed = (name: string, why: string): Rejection => ({
    reason: name,
    message: `Predicate ${name} failed: ${why}`,
  });
  if (!new RequiredNodeAffinity(pod).matches(node))
    return failed("NodeAffinity", "node(s) didn't match Pod's node affinity/selector");
  const wanted = hostPorts(pod);
  const taken = wanted.length > 0 ? others.flatMap(hostPorts) : [];
  if (wanted.some((one) => taken.some((other) => collide(one, other))))
    return failed("NodePorts", "node(s) didn't have free ports for the requested pod ports");
  if (findUntoleratedTaint(node.spec.taints, pod.spec.tolerations, ["NoExecute"]) !== undefined)
    return failed("TaintToleration", "node(s) had taints that the pod didn't tolerate");
  return undefined;
}

interface HostPort {
  readonly address: string;
  readonly port: string;
}

const everyAddress = "0.0.0.0";

function hostPorts({ spec }: Pod): HostPort[] {
  return lastingContainers(spec).flatMap(({ ports = [] }) =>
    ports.flatMap(({ hostPort = 0, protocol = "TCP", hostIP = "" }) =>
      hostPort === 0 ? [] : { address: hostIP === "" ? everyAddress : hostIP, port: `${protocol}/${hostPort}` },
    ),
  );
}

function collide(left: HostPort, right: HostPort): boolean {
  if (left.port !== right.port) return false;
  return left.address === right.address || [left.address, right.address].includes(everyAddress);
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
