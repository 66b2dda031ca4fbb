import { type Container, isSidecar, type Pod } from "../model/index.ts";
import { amountsOf, type ContainerAmounts, sameCpu, sameMemory, withResource } from "./container-amounts.ts";
import type { PodMachine } from "./pod-machine.ts";
import { type ContainerSeen, lastOf, type PodSeen } from "./runtime-pod.ts";

type Resource = "memory" | "cpu";

/** A running container that is to be given other resources without a restart. */
export interface ContainerUpdate {
  readonly spec: Container;
  readonly seen: ContainerSeen;
  readonly resources: readonly Resource[];
}

/** What becomes of a running container whose resources are no longer those of its spec; `undefined`: they are. */
export function resizeOf(spec: Container, seen: ContainerSeen): "restart" | ContainerUpdate | undefined {
  if (seen.resources === spec.resources || seen.state !== "running") return undefined;
  const [wanted, has] = [amountsOf(spec.resources), amountsOf(seen.resources)];
  const resources: Resource[] = [];
  if (!sameMemory(wanted, has)) resources.push("memory");
  if (!sameCpu(wanted, has)) resources.push("cpu");
  if (resources.length === 0) return undefined;
  const restarts = (spec.resizePolicy ?? []).some(
    ({ resourceName, restartPolicy }) =>
      restartPolicy === "RestartContainer" && resources.includes(resourceName as Resource),
  );
  return restarts ? "restart" : { spec, seen, resources };
}

/** Whether every running container of the pod has the resources of its spec. */
export function isActuated({ spec }: Pod, seen: PodSeen): boolean {
  const resizable = [...(spec.initContainers ?? []).filter(isSidecar), ...spec.containers];
  return resizable.every((container) => {
    const last = lastOf(seen, container.name);
    return last === undefined || resizeOf(container, last) === undefined;
  });
}

/** kuberuntime's `doPodResizeAction`: memory, then CPU; who gets less comes first. Answers what keeps it from being done. */
export function resizePod(
  machine: PodMachine,
  updates: readonly ContainerUpdate[],
  restarts: boolean,
): string | undefined {
  const tooSmall = belowUsage(machine, updates);
  if (tooSmall !== undefined) return tooSmall;
  const { pod, host, held, runtime } = machine;
  for (const resource of ["memory", "cpu"] as const) {
    const concerned = updates.filter(({ resources }) => resources.includes(resource));
    if (concerned.length === 0 && !restarts) continue;
    host.resizePodCgroup(pod, resource);
    for (const { spec, seen } of inOrder(concerned, resource)) {
      const container = held.byId(seen.id);
      if (container !== undefined)
        runtime.update(container, withResource(container.seen.resources, spec.resources, resource));
    }
  }
  return undefined;
}

/** Each that shrinks goes before all that were there already; each that grows behind. */
function inOrder(updates: readonly ContainerUpdate[], resource: Resource): ContainerUpdate[] {
  const ordered: ContainerUpdate[] = [];
  for (const update of updates) {
    if (shrinks(amountsOf(update.seen.resources), amountsOf(update.spec.resources), resource)) ordered.unshift(update);
    else ordered.push(update);
  }
  return ordered;
}

/** By its limit; where that stays, by its request. */
function shrinks(from: ContainerAmounts, to: ContainerAmounts, resource: Resource): boolean {
  const [limit, request] =
    resource === "cpu"
      ? (["cpuLimitMillicores", "cpuRequestMillicores"] as const)
      : (["memoryLimitBytes", "memoryRequestBytes"] as const);
  return to[limit] === from[limit] ? to[request] < from[request] : to[limit] < from[limit];
}

/** A memory limit is not put below what is used. */
function belowUsage({ pod, host }: PodMachine, updates: readonly ContainerUpdate[]): string | undefined {
  const usage = host.usage(pod)?.memoryBytes;
  for (const { spec, seen } of updates) {
    const [limit, before] = [amountsOf(spec.resources).memoryLimitBytes, amountsOf(seen.resources).memoryLimitBytes];
    const used = usage?.get(spec.name) ?? 0;
    if (limit > 0 && limit < before && used >= limit)
      return `attempting to set container "${spec.name}" memory limit (${limit}) below current usage (${used})`;
  }
  return undefined;
}
