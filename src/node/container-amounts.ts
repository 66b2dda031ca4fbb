import { type Container, milliValue, value } from "../model/index.ts";

type Resources = Container["resources"];

/** What the kernel is told of a container, milli-CPUs and bytes; 0 where nothing is asked for. */
export interface ContainerAmounts {
  readonly cpuRequestMillicores: number;
  readonly cpuLimitMillicores: number;
  readonly memoryRequestBytes: number;
  readonly memoryLimitBytes: number;
}

export function amountsOf(resources: Resources): ContainerAmounts {
  const { requests = {}, limits = {} } = resources ?? {};
  return {
    cpuRequestMillicores: milliValue(requests["cpu"] ?? "0"),
    cpuLimitMillicores: milliValue(limits["cpu"] ?? "0"),
    memoryRequestBytes: value(requests["memory"] ?? "0"),
    memoryLimitBytes: value(limits["memory"] ?? "0"),
  };
}

/** Below these the kernel makes no difference: `MinShares` and `MinMilliCPULimit` of kubelet 1.36. */
const leastRequestMillicores = 2;
const leastLimitMillicores = 10;

/** Whether two requests, or two limits, of CPU come to the same for the kernel. */
export function sameCpu(left: ContainerAmounts, right: ContainerAmounts): boolean {
  const requests = [left.cpuRequestMillicores, right.cpuRequestMillicores] as const;
  const limits = [left.cpuLimitMillicores, right.cpuLimitMillicores] as const;
  return (
    (requests[0] === requests[1] || Math.max(...requests) <= leastRequestMillicores) &&
    (limits[0] === limits[1] || Math.max(...limits) <= leastLimitMillicores)
  );
}

export function sameMemory(left: ContainerAmounts, right: ContainerAmounts): boolean {
  return left.memoryRequestBytes === right.memoryRequestBytes && left.memoryLimitBytes === right.memoryLimitBytes;
}

/** cgroup weight of so many milli-CPUs: `MilliCPUToShares` of kubelet 1.36. */
export function cpuShares(millicores: number): number {
  return Math.min(262_144, Math.max(2, Math.floor((millicores * 1024) / 1000)));
}

/** The resources of `from`, with cpu or memory as in `to`: requests and limits alike. */
export function withResource(from: Resources, to: Resources, resource: "cpu" | "memory"): Resources {
  const mixed = (before: Record<string, string> = {}, after: Record<string, string> = {}): Record<string, string> => {
    const { [resource]: _old, ...others } = before;
    const text = after[resource];
    return text === undefined ? others : { ...others, [resource]: text };
  };
  return {
    ...from,
    ...((from?.limits ?? to?.limits) !== undefined && { limits: mixed(from?.limits, to?.limits) }),
    ...((from?.requests ?? to?.requests) !== undefined && { requests: mixed(from?.requests, to?.requests) }),
  };
}
