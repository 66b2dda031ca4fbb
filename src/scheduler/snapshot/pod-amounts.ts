import {
  type Container,
  type ContainerStatus,
  hasPodLevel,
  type Pod,
  type PodResources,
  podRequests,
  podRequestsWith,
} from "../../model/index.ts";

/** What the scores assume for a container that names no request. */
const defaultRequests = { cpu: "100m", memory: "200Mi" } as const;

interface PodAmounts {
  readonly requests: PodResources;
  readonly nonZeroCpuMillicores: number;
  readonly nonZeroMemoryBytes: number;
  /** What NodeResourcesFit's score counts for the pod while it is being scheduled: defaults, and no pod level. */
  readonly scored: PodResources;
}

/** Pods of a template share their frozen containers, so their amounts are computed once. A memo of a pure function. */
const amountsOfContainers = new WeakMap<object, { readonly spec: Pod["spec"]; readonly amounts: PodAmounts }>();

/** Requests of a pod as they count on its node, and as they are scored. */
export function podAmounts(pod: Pod): PodAmounts {
  const { spec } = pod;
  if (reportsResources(pod)) return amountsOf(pod, true);
  const known = amountsOfContainers.get(spec.containers);
  if (known !== undefined && sameResources(known.spec, spec)) return known.amounts;
  const amounts = amountsOf(pod, false);
  if (Object.isFrozen(spec.containers)) amountsOfContainers.set(spec.containers, { spec, amounts });
  return amounts;
}

function amountsOf(pod: Pod, useStatusResources: boolean): PodAmounts {
  const requests = useStatusResources ? podRequestsWith(pod, { useStatusResources }) : podRequests(pod);
  const missingRequests = hasPodLevel(pod.spec.resources?.requests) ? lacking(requests) : defaultRequests;
  const nonZero = podRequestsWith(pod, { useStatusResources, missingRequests });
  return {
    requests,
    nonZeroCpuMillicores: nonZero.cpuMillicores,
    nonZeroMemoryBytes: nonZero.memoryBytes,
    scored: podRequestsWith(pod, { useStatusResources, missingRequests: defaultRequests, skipPodLevelResources: true }),
  };
}

/** With pod-level requests, only what the whole pod lacks gets a default. */
function lacking({ all }: PodResources): Record<string, string> {
  return Object.fromEntries(Object.entries(defaultRequests).filter(([name]) => !all.has(name)));
}

function sameResources(left: Pod["spec"], right: Pod["spec"]): boolean {
  return (
    left.initContainers === right.initContainers &&
    left.overhead === right.overhead &&
    left.resources === right.resources
  );
}

/** Whether the kubelet has reported other resources than the spec's own, as it does while and after a resize. */
function reportsResources({ spec, status }: Pod): boolean {
  return (
    reportsOther(spec.containers, status?.containerStatuses) ||
    reportsOther(spec.initContainers, status?.initContainerStatuses)
  );
}

function reportsOther(
  containers: readonly Container[] | undefined,
  statuses: readonly ContainerStatus[] | undefined,
): boolean {
  if (statuses === undefined) return false;
  for (const { name, resources, allocatedResources } of statuses) {
    if (resources === undefined && allocatedResources === undefined) continue;
    const own = containers?.find((container) => container.name === name)?.resources;
    if (own === undefined || own !== resources) return true;
    if (allocatedResources !== undefined && allocatedResources !== own.requests) return true;
  }
  return false;
}
