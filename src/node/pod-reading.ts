import { type Container, milliValue, type Pod, value } from "../model/index.ts";
import type { ContainerLimits } from "../world/index.ts";
import { ContainerState } from "./container-state.ts";

/** Init containers, sidecars and ordinary ones of a pod, in the order of the spec, none of them started. */
export function containerStates(pod: Pod): ContainerState[] {
  const inits = pod.spec.initContainers ?? [];
  const waiting = inits.length > 0 ? "PodInitializing" : "ContainerCreating";
  let processes = 0;
  const sidecars = inits.map((spec) => {
    const sidecar = spec.restartPolicy === "Always";
    if (!sidecar) return new ContainerState(spec, "init", -1, waiting);
    processes += 1;
    return new ContainerState(spec, "sidecar", processes - 1, waiting);
  });
  const mains = pod.spec.containers.map((spec) => {
    processes += 1;
    return new ContainerState(spec, "main", processes - 1, waiting);
  });
  return [...sidecars, ...mains];
}

/** What a container's cgroup is given. */
export function limitsOf({ name, resources }: Container): ContainerLimits {
  const { requests = {}, limits = {} } = resources ?? {};
  const requested = requests["cpu"] === undefined ? 0 : milliValue(requests["cpu"]);
  return {
    name,
    cpuShares: Math.max(2, Math.floor((requested * 1024) / 1000)),
    cpuLimitMillicores: limits["cpu"] === undefined ? 0 : milliValue(limits["cpu"]),
    memoryLimitBytes: limits["memory"] === undefined ? 0 : value(limits["memory"]),
  };
}

/** How long the preStop hook takes: a built-in sleep, or a `sleep N` on its command line; other hooks take no time. */
export function preStopSeconds({ lifecycle }: Container): number {
  const { sleep, exec } = lifecycle?.preStop ?? {};
  if (sleep !== undefined) return sleep.seconds;
  const match = /(?:^|[\s;/])sleep\s+(\d+)\b/.exec((exec?.command ?? []).join(" "));
  return match === null ? 0 : Number(match[1]);
}

/** Go's short form of a duration, to the millisecond: `2.1s`, `350ms`. */
export function goSeconds(us: number): string {
  const milliseconds = Math.round(us / 1000);
  return milliseconds < 1000 ? `${milliseconds}ms` : `${milliseconds / 1000}s`;
}
