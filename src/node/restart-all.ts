import {
  type Container,
  type ContainerStatus,
  containersReadyCondition,
  type GeneratedCondition,
  isSidecar,
  type Pod,
  type PodPhase,
  type PodStatus,
  readyCondition,
  restartsAll,
} from "../model/index.ts";
import { stopContainer } from "./container-stop.ts";
import { allContainers } from "./pod-containers.ts";
import type { PodMachine } from "./pod-machine.ts";
import { lastOf, type PodSeen } from "./runtime-pod.ts";
import type { Steps } from "./work.ts";

const graceSeconds = 2;
const removed = {
  reason: "RestartingAllContainers",
  message: "The container is removed because RestartAllContainers in place",
};

/** Whether any container of the pod may ask for all of them to be restarted. */
export function mayRestartAll({ spec }: Pod): boolean {
  return spec.containers.some(asksForAll) || (spec.initContainers?.some(asksForAll) ?? false);
}

function asksForAll({ restartPolicyRules }: Container): boolean {
  return restartPolicyRules?.some(({ action }) => action === "RestartAllContainers") ?? false;
}

/** Whether a container has ended in a way that restarts the whole pod in place. */
export function wantsRestartAll({ spec }: Pod, seen: PodSeen): boolean {
  return allContainers(spec).some((container) => {
    const last = lastOf(seen, container.name);
    return last?.state === "exited" && restartsAll(container, last.exitCode);
  });
}

/** The same, as far as a status tells it. */
export function restartsWithAll(spec: Pod["spec"], { containerStatuses, initContainerStatuses }: PodStatus): boolean {
  const statuses = [...(initContainerStatuses ?? []), ...(containerStatuses ?? [])];
  return allContainers(spec).some((container) => {
    const { terminated } = statuses.find(({ name }) => name === container.name)?.state ?? {};
    return terminated !== undefined && restartsAll(container, terminated.exitCode);
  });
}

/** Stops and removes every container, sidecars last: the next look at the pod finds none, in the sandbox that stays. */
export function* stopAll(machine: PodMachine, seen: PodSeen): Steps {
  const { spec } = machine.pod;
  const inits = [...(spec.initContainers ?? [])].reverse();
  for (const container of [...spec.containers, ...inits.filter(isSidecar), ...inits.filter((one) => !isSidecar(one))]) {
    const last = lastOf(seen, container.name);
    if (last?.state !== "running") continue;
    yield* stopContainer(machine, last, container, { message: "killing", reason: "other", graceSeconds });
  }
  for (const container of [...machine.held.containers]) machine.runtime.remove(machine.held, container);
}

/** The status once all of them are gone. Who was waiting to start waits on. */
export function statusAfterStop(status: PodStatus): PodStatus {
  const restarted = (one: ContainerStatus): ContainerStatus =>
    one.state?.waiting !== undefined
      ? one
      : {
          ...one,
          started: false,
          restartCount: one.restartCount + 1,
          state: { waiting: removed },
          lastState: { terminated: { ...removed, exitCode: 137 } },
        };
  const { initContainerStatuses: inits, containerStatuses: mains = [] } = status;
  return {
    ...status,
    containerStatuses: mains.map((one) => ({ ...restarted(one), ready: false })),
    ...(inits !== undefined && {
      initContainerStatuses: inits.map((one) => ({
        ...restarted(one),
        ready: one.ready && one.state?.running === undefined,
      })),
    }),
  };
}

/** What of the conditions follows from that at once; the others wait for the next look at the pod. */
export function conditionsAfterStop(pod: Pod, status: PodStatus): GeneratedCondition[] {
  const statuses = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
  const ready = containersReadyCondition(pod.spec, statuses, status.phase as PodPhase);
  return [{ type: "AllContainersRestarting", status: "False" }, readyCondition({ ...pod, status }, ready), ready];
}
