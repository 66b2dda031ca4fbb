import type { Container, ContainerStatus, Pod, PodCondition, PodSpec } from "./generated/api-types.ts";
import { isSidecar } from "./pod-resource-totals.ts";
import { podCondition } from "./pod-state.ts";

export type PodPhase = "Pending" | "Running" | "Succeeded" | "Failed";

/** What the kubelet knows beside spec and statuses. */
export interface PodLife {
  /** All containers are stopped for good: deletion, eviction. */
  readonly isTerminal: boolean;
  /** It was initialized earlier: restarting sidecars do not send it back to Pending. */
  readonly hasInitialized: boolean;
}

type Spec = Pick<PodSpec, "containers" | "initContainers" | "restartPolicy">;

const statusOf = (statuses: readonly ContainerStatus[], name: string): ContainerStatus | undefined =>
  statuses.find((status) => status.name === name);

/** Whether the kubelet starts a container again after this exit code: its own rules, its own policy, then the pod's. */
export function containerRestarts(container: Container, restartPolicy: string | undefined, exitCode: number): boolean {
  if (container.restartPolicy !== undefined) {
    for (const { exitCodes, action } of container.restartPolicyRules ?? []) {
      const listed = exitCodes?.values?.includes(exitCode) ?? false;
      if (exitCodes !== undefined && listed === (exitCodes.operator === "In")) return action === "Restart";
    }
  }
  const policy = container.restartPolicy ?? restartPolicy;
  return policy === "Never" ? false : policy === "OnFailure" ? exitCode !== 0 : true;
}

/** Whether this exit code restarts the whole pod in place: the first rule that names it decides. */
export function restartsAll(container: Container, exitCode: number): boolean {
  if (container.restartPolicy === undefined) return false;
  const rule = (container.restartPolicyRules ?? []).find(
    ({ exitCodes }) =>
      exitCodes !== undefined && (exitCodes.values?.includes(exitCode) ?? false) === (exitCodes.operator === "In"),
  );
  return rule?.action === "RestartAllContainers";
}

/** kubelet's `getPhase`. */
export function podPhase(spec: Spec, statuses: readonly ContainerStatus[], life: PodLife): PodPhase {
  const init = countInitContainers(spec, statuses);
  if (init.failedForGood) return "Failed";
  const counts = countContainers(spec, statuses);
  if (init.pending > 0 || (!life.hasInitialized && counts.pendingSidecars > 0) || counts.waiting > 0) return "Pending";
  if (counts.unknown > 0) return "Pending";
  if (counts.running > 0) return "Running";
  if (counts.stopped === 0) return "Pending";
  if (!life.isTerminal && counts.restarting > 0) return "Running";
  return counts.stopped === counts.succeeded ? "Succeeded" : "Failed";
}

function countInitContainers(
  spec: Spec,
  statuses: readonly ContainerStatus[],
): { readonly pending: number; readonly failedForGood: boolean } {
  let pending = 0;
  let failedForGood = false;
  for (const container of spec.initContainers ?? []) {
    if (isSidecar(container)) continue;
    const status = statusOf(statuses, container.name);
    const { terminated, waiting } = status?.state ?? {};
    const ended = terminated ?? (waiting === undefined ? undefined : status?.lastState?.terminated);
    if (ended === undefined) pending++;
    else if (ended.exitCode !== 0 && !containerRestarts(container, spec.restartPolicy, ended.exitCode)) {
      failedForGood = true;
    }
  }
  return { pending, failedForGood };
}

function countContainers(spec: Spec, statuses: readonly ContainerStatus[]): ContainerCounts {
  const counts = { pendingSidecars: 0, unknown: 0, running: 0, waiting: 0, stopped: 0, succeeded: 0, restarting: 0 };
  for (const container of spec.initContainers ?? []) {
    if (!isSidecar(container)) continue;
    const status = statusOf(statuses, container.name);
    const { running, terminated, waiting } = status?.state ?? {};
    if (status === undefined) counts.unknown++;
    else if (running !== undefined) {
      if (status.started !== true) counts.pendingSidecars++;
      counts.running++;
    } else if (terminated === undefined && status.lastState?.terminated === undefined) {
      counts.pendingSidecars++;
      if (waiting !== undefined) counts.waiting++;
      else counts.unknown++;
    }
  }
  for (const container of spec.containers) {
    const status = statusOf(statuses, container.name);
    const { running, terminated, waiting } = status?.state ?? {};
    if (running !== undefined) counts.running++;
    else if (terminated !== undefined) {
      counts.stopped++;
      if (terminated.exitCode === 0) counts.succeeded++;
      if (containerRestarts(container, spec.restartPolicy, terminated.exitCode)) counts.restarting++;
    } else if (waiting !== undefined) {
      const last = status?.lastState?.terminated;
      if (last === undefined) counts.waiting++;
      else {
        counts.stopped++;
        if (containerRestarts(container, spec.restartPolicy, last.exitCode) || isRestartedInPlace(status))
          counts.restarting++;
      }
    } else {
      counts.unknown++;
    }
  }
  return counts;
}

/** Removed by a restart of the whole pod: it is to start again, whatever its policy says. */
function isRestartedInPlace(status: ContainerStatus | undefined): boolean {
  return status?.lastState?.terminated?.reason === "RestartingAllContainers";
}

interface ContainerCounts {
  readonly pendingSidecars: number;
  readonly unknown: number;
  readonly running: number;
  readonly waiting: number;
  readonly stopped: number;
  readonly succeeded: number;
  /** Stopped, but about to start again. */
  readonly restarting: number;
}

/** A condition as the status generators write it, without times. */
export type GeneratedCondition = Pick<PodCondition, "type" | "status" | "reason" | "message">;

export function initializedCondition(
  spec: Spec,
  statuses: readonly ContainerStatus[],
  phase: PodPhase,
): GeneratedCondition {
  const type = "Initialized";
  const initContainers = spec.initContainers ?? [];
  if (statuses.length === 0 && initContainers.length > 0) {
    return { type, status: "False", reason: "UnknownContainerStatuses" };
  }
  const unknown: string[] = [];
  const incomplete: string[] = [];
  for (const container of initContainers) {
    const status = statusOf(statuses, container.name);
    if (status === undefined) unknown.push(container.name);
    else if (!(isSidecar(container) ? status.started === true : status.ready)) incomplete.push(container.name);
  }
  if (phase === "Succeeded" && unknown.length === 0) return { type, status: "True", reason: "PodCompleted" };
  const started = spec.containers.some(({ name }) => {
    const { running, terminated } = statusOf(statuses, name)?.state ?? {};
    return (running ?? terminated) !== undefined;
  });
  const message = listed(["unknown", unknown], ["incomplete", incomplete]);
  if (started || message === "") return { type, status: "True" };
  return { type, status: "False", reason: "ContainersNotInitialized", message };
}

export function containersReadyCondition(
  spec: Spec,
  statuses: readonly ContainerStatus[],
  phase: PodPhase,
): GeneratedCondition {
  const type = "ContainersReady";
  if (statuses.length === 0) return { type, status: "False", reason: "UnknownContainerStatuses" };
  const unknown: string[] = [];
  const unready: string[] = [];
  for (const container of [...(spec.initContainers ?? []).filter(isSidecar), ...spec.containers]) {
    const status = statusOf(statuses, container.name);
    if (status === undefined) unknown.push(container.name);
    else if (!status.ready) unready.push(container.name);
  }
  if (phase === "Succeeded" && unknown.length === 0) return { type, status: "False", reason: "PodCompleted" };
  if (phase === "Failed") return { type, status: "False", reason: "PodFailed" };
  if (unknown.length + unready.length === 0) return { type, status: "True" };
  const message = listed(["unknown", unknown], ["unready", unready]);
  return { type, status: "False", reason: "ContainersNotReady", message };
}

const listed = (...groups: [string, string[]][]): string =>
  groups
    .filter(([, names]) => names.length > 0)
    .map(([word, names]) => `containers with ${word} status: [${names.join(" ")}]`)
    .join(", ");

/** Ready is ContainersReady and every readiness gate. */
export function readyCondition(
  pod: Pick<Pod, "spec" | "status">,
  containersReady: GeneratedCondition,
): GeneratedCondition {
  if (containersReady.status !== "True") return { ...containersReady, type: "Ready" };
  const messages = (pod.spec.readinessGates ?? []).flatMap(({ conditionType }) => {
    const gate = podCondition(pod, conditionType);
    const name = JSON.stringify(conditionType);
    if (gate === undefined) return [`corresponding condition of pod readiness gate ${name} does not exist.`];
    return gate.status === "True" ? [] : [`the status of pod readiness gate ${name} is not "True", but ${gate.status}`];
  });
  if (messages.length === 0) return { type: "Ready", status: "True" };
  return { type: "Ready", status: "False", reason: "ReadinessGatesNotReady", message: messages.join(", ") };
}
