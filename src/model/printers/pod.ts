import type { ContainerStatus, Pod } from "../generated/api-types.ts";
import { isSidecar } from "../pod-resource-totals.ts";
import { isPodTerminal, podCondition } from "../pod-state.ts";
import { ageOf, type Cells } from "./cells.ts";

/** kubectl's row of a pod, wide columns included. `nowSeconds`: since 1970. */
export function printPod(pod: Pod, nowSeconds: number): Cells {
  const { status, reason, ready, restarts, restartedAt } = summary(pod);
  const total = pod.spec.containers.length + (pod.spec.initContainers ?? []).filter(isSidecar).length;
  const ago = restarts > 0 && restartedAt !== undefined ? ` (${ageOf(restartedAt, nowSeconds)} ago)` : "";
  const gates = pod.spec.readinessGates ?? [];
  const open = gates.filter(({ conditionType }) => podCondition(pod, conditionType)?.status === "True").length;
  return {
    Name: pod.metadata.name,
    Ready: `${ready}/${total}`,
    Status: statusText(pod, status, reason),
    Restarts: `${restarts}${ago}`,
    Age: ageOf(pod.metadata.creationTimestamp, nowSeconds),
    IP: pod.status?.podIPs?.[0]?.ip || "<none>",
    Node: pod.spec.nodeName || "<none>",
    "Nominated Node": pod.status?.nominatedNodeName || "<none>",
    "Readiness Gates": gates.length === 0 ? "<none>" : `${open}/${gates.length}`,
  };
}

function statusText(pod: Pod, status: string, reason: string): string {
  if (pod.metadata.deletionTimestamp === undefined) return reason;
  if (status === "NodeLost") return "Unknown";
  return isPodTerminal(pod) ? reason : "Terminating";
}

interface Summary {
  /** The pod's own reason, which outweighs its deletion only when the node is lost. */
  readonly status: string;
  readonly reason: string;
  readonly ready: number;
  readonly restarts: number;
  readonly restartedAt: string | undefined;
}

function summary(pod: Pod): Summary {
  const own = pod.status?.reason ?? "";
  const gated = podCondition(pod, "PodScheduled")?.reason === "SchedulingGated";
  const start = gated ? "SchedulingGated" : own || (pod.status?.phase ?? "");
  const init = summarizeInit(pod);
  if (init.reason !== undefined && podCondition(pod, "Initialized")?.status !== "True") {
    return {
      status: own,
      reason: init.reason,
      ready: init.ready,
      restarts: init.restarts,
      restartedAt: init.restartedAt,
    };
  }
  let reason = init.reason ?? start;
  let { sidecarRestarts: restarts, sidecarRestartedAt: restartedAt, ready } = init;
  let running = false;
  for (const container of [...(pod.status?.containerStatuses ?? [])].reverse()) {
    restarts += container.restartCount;
    restartedAt = later(restartedAt, container);
    const { waiting, terminated } = container.state ?? {};
    if (waiting?.reason) reason = waiting.reason;
    else if (terminated !== undefined) reason = terminated.reason || exitText(terminated);
    else if (container.ready && container.state?.running !== undefined) {
      running = true;
      ready++;
    }
  }
  if (reason === "Completed" && running)
    reason = podCondition(pod, "Ready")?.status === "True" ? "Running" : "NotReady";
  return { status: own, reason, ready, restarts, restartedAt };
}

const exitText = ({ signal, exitCode }: { readonly signal?: number; readonly exitCode: number }): string =>
  signal ? `Signal:${signal}` : `ExitCode:${exitCode}`;

function later(at: string | undefined, { lastState }: ContainerStatus): string | undefined {
  const finished = lastState?.terminated?.finishedAt;
  return finished !== undefined && (at === undefined || at < finished) ? finished : at;
}

interface InitSummary {
  /** Why the pod is not initialized; absent when it is. */
  readonly reason: string | undefined;
  readonly ready: number;
  readonly restarts: number;
  readonly restartedAt: string | undefined;
  readonly sidecarRestarts: number;
  readonly sidecarRestartedAt: string | undefined;
}

function summarizeInit(pod: Pod): InitSummary {
  const sidecars = new Set((pod.spec.initContainers ?? []).filter(isSidecar).map(({ name }) => name));
  let [ready, restarts, sidecarRestarts] = [0, 0, 0];
  let restartedAt: string | undefined;
  let sidecarRestartedAt: string | undefined;
  let reason: string | undefined;
  for (const [index, container] of (pod.status?.initContainerStatuses ?? []).entries()) {
    restarts += container.restartCount;
    restartedAt = later(restartedAt, container);
    const sidecar = sidecars.has(container.name);
    if (sidecar) {
      sidecarRestarts += container.restartCount;
      sidecarRestartedAt = later(sidecarRestartedAt, container);
    }
    const { terminated, waiting } = container.state ?? {};
    if (terminated?.exitCode === 0) continue;
    if (sidecar && container.started === true) {
      if (container.ready) ready++;
      continue;
    }
    if (terminated !== undefined) reason = `Init:${terminated.reason || exitText(terminated)}`;
    else if (waiting?.reason && waiting.reason !== "PodInitializing") reason = `Init:${waiting.reason}`;
    else reason = `Init:${index}/${pod.spec.initContainers?.length ?? 0}`;
    break;
  }
  return { reason, ready, restarts, restartedAt, sidecarRestarts, sidecarRestartedAt };
}
