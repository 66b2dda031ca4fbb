import { type Container, containerRestarts, isSidecar, type Pod } from "../model/index.ts";
import { type ContainerUpdate, resizeOf } from "./pod-resize.ts";
import { type ContainerSeen, lastOf, type PodSeen } from "./runtime-pod.ts";

/** What probes have published of a running container. */
export interface ProbeVerdicts {
  /** `undefined`: no result yet. */
  startup(id: string): "success" | "failure" | "unknown" | undefined;
  liveness(id: string): "success" | "failure" | "unknown" | undefined;
}

interface ContainerKill {
  readonly container: ContainerSeen;
  readonly spec: Container;
  readonly message: string;
  readonly reason: "liveness" | "startup" | "other";
}

/** What one sync of a pod is to do: kuberuntime's `podActions`. */
export interface PodActions {
  /** Stop everything of the pod, sandbox included. */
  killPod: boolean;
  createSandbox: boolean;
  attempt: number;
  startInit: Container[];
  start: Container[];
  kill: ContainerKill[];
  /** Running containers that get other resources. */
  update: ContainerUpdate[];
  /** A container is restarted to get other resources. */
  resizes: boolean;
}

/** Whether the pod's sandbox has to be made (anew), and as which attempt. */
export function sandboxChanged({ sandboxes }: PodSeen): { readonly changed: boolean; readonly attempt: number } {
  const [newest] = sandboxes;
  if (newest === undefined) return { changed: true, attempt: 0 };
  if (sandboxes.filter(({ ready }) => ready).length > 1 || !newest.ready)
    return { changed: true, attempt: newest.sandbox.attempt + 1 };
  return { changed: false, attempt: newest.sandbox.attempt };
}

/** kubecontainer's `ShouldContainerBeRestarted`: it is not running, and the next sync is to start it. */
export function shouldStart(container: Container, pod: Pod, seen: PodSeen): boolean {
  if (pod.metadata.deletionTimestamp !== undefined) return false;
  const last = lastOf(seen, container.name);
  if (last === undefined || last.state === "created") return true;
  return last.state === "exited" && containerRestarts(container, pod.spec.restartPolicy, last.exitCode);
}

/** kuberuntime's `computePodActions`. */
export function podActions(pod: Pod, seen: PodSeen, verdicts: ProbeVerdicts): PodActions {
  const { changed, attempt } = sandboxChanged(seen);
  const actions: PodActions = {
    killPod: changed,
    createSandbox: changed,
    attempt,
    startInit: [],
    start: [],
    kill: [],
    update: [],
    resizes: false,
  };
  if (changed) {
    forNewSandbox(pod, seen, actions);
    return actions;
  }
  const initialized = forInitContainers(pod, seen, verdicts, actions);
  if (actions.killPod || !initialized) return actions;
  let kept = 0;
  for (const container of pod.spec.containers) {
    const last = lastOf(seen, container.name);
    if (last?.state !== "running") {
      if (shouldStart(container, pod, seen)) actions.start.push(container);
      continue;
    }
    const changed = isChanged(container, last);
    const failed = changed ? undefined : failedProbe(last, verdicts);
    if (!changed && failed === undefined) {
      if (staysWithResources(container, last, actions)) kept += 1;
      else actions.start.push(container);
      continue;
    }
    // What a probe kills has no exit code yet: rules about codes are not asked.
    const again = changed || (container.restartPolicy ?? pod.spec.restartPolicy) !== "Never";
    const message = `Container ${container.name} ${changed ? "definition changed" : `failed ${failed} probe`}`;
    actions.kill.push({
      container: last,
      spec: container,
      message: again ? `${message}, will be restarted` : message,
      reason: failed ?? "other",
    });
    if (again) actions.start.push(container);
  }
  // Nothing is left to run: sidecars do not keep a pod.
  if (kept === 0 && actions.start.length === 0) actions.killPod = true;
  return actions;
}

/** kuberuntime's `computePodResizeAction`: notes what its resources call for; answers whether the container stays. */
function staysWithResources(spec: Container, container: ContainerSeen, actions: PodActions): boolean {
  const resize = resizeOf(spec, container);
  if (resize === "restart") {
    actions.kill.push({ container, spec, message: `Container ${spec.name} resize requires restart`, reason: "other" });
    actions.resizes = true;
    return false;
  }
  if (resize !== undefined) actions.update.push(resize);
  return true;
}

/** kuberuntime's `containerChanged`: of what runs, only the image can become another. */
function isChanged({ image }: Container, seen: ContainerSeen): boolean {
  return seen.image !== image;
}

function failedProbe({ id }: ContainerSeen, verdicts: ProbeVerdicts): "liveness" | "startup" | undefined {
  if (verdicts.liveness(id) === "failure") return "liveness";
  return verdicts.startup(id) === "failure" ? "startup" : undefined;
}

function forNewSandbox(pod: Pod, seen: PodSeen, actions: PodActions): void {
  const { restartPolicy, containers, initContainers = [] } = pod.spec;
  if (restartPolicy === "Never" && actions.attempt !== 0 && seen.containers.length > 0) {
    actions.createSandbox = false;
    return;
  }
  const done = (container: Container): boolean => {
    const last = lastOf(seen, container.name);
    const onFailure = (container.restartPolicy ?? restartPolicy) === "OnFailure";
    return onFailure && last?.state === "exited" && last.exitCode === 0;
  };
  const wanted = containers.filter((container) => !done(container));
  if (wanted.length === 0) {
    actions.createSandbox = false;
    return;
  }
  if (initContainers.length > 0) actions.startInit = [initContainers[0]!];
  else actions.start = wanted;
}

/** kuberuntime's `computeInitContainerActions`: answers whether the ordinary containers may run. */
function forInitContainers(pod: Pod, seen: PodSeen, verdicts: ProbeVerdicts, actions: PodActions): boolean {
  const { initContainers = [], containers, restartPolicy } = pod.spec;
  if (initContainers.length === 0) return true;
  const current = seen.sandboxes[0]?.sandbox;
  const of = (name: string): ContainerSeen | undefined => {
    const last = lastOf(seen, name);
    return last?.sandbox === current ? last : undefined;
  };
  let initialized = containers.some(({ name }) => of(name) !== undefined);
  let found = initialized;
  const start: number[] = [];
  for (let index = initContainers.length - 1; index >= 0; index -= 1) {
    const container = initContainers[index]!;
    const sidecar = isSidecar(container);
    const last = of(container.name);
    if (last === undefined) {
      if (found && sidecar) start.push(index);
      continue;
    }
    if (found && !sidecar) continue;
    const next = (): void => {
      if (index === initContainers.length - 1) initialized = true;
      else if (!found) start.push(index + 1);
    };
    if (last.state === "created") start.push(index);
    else if (last.state === "running") {
      if (sidecar && runningSidecar(container, last, verdicts, actions, next)) start.push(index);
    } else if (sidecar) start.push(index);
    else if (last.exitCode === 0 && last.reason !== "OOMKilled") next();
    else if (containerRestarts(container, restartPolicy, last.exitCode === 0 ? 137 : last.exitCode)) start.push(index);
    else {
      actions.killPod = true;
      return false;
    }
    found = true;
  }
  if (!found) start.push(0);
  actions.startInit = start.reverse().map((index) => initContainers[index]!);
  return initialized;
}

/** Answers whether the sidecar is to be started again; calls `next` once it counts as started. */
function runningSidecar(
  spec: Container,
  last: ContainerSeen,
  verdicts: ProbeVerdicts,
  actions: PodActions,
  next: () => void,
): boolean {
  const kill = (why: string, reason: ContainerKill["reason"]): true => {
    actions.kill.push({ container: last, spec, message: `Init container ${spec.name} ${why}`, reason });
    return true;
  };
  if (spec.startupProbe !== undefined) {
    const startup = verdicts.startup(last.id);
    if (startup === "failure") return kill("failed startup probe", "startup");
    if (startup !== "success") return false;
  }
  next();
  if (isChanged(spec, last)) return kill("definition changed", "other");
  if (spec.livenessProbe !== undefined && verdicts.liveness(last.id) === "failure")
    return kill("failed liveness probe", "liveness");
  return !staysWithResources(spec, last, actions);
}
