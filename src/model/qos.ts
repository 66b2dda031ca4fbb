import type { Container, Pod } from "./generated/api-types.ts";
import {
  hasPodLevel,
  hasPodLevelResources,
  isSidecar,
  type PodWithResources,
  type ResourceList,
} from "./pod-resource-totals.ts";
import { podRequestsWith, resourceValue } from "./pod-resources.ts";

export type QosClass = "Guaranteed" | "Burstable" | "BestEffort";

/** The class by cpu and memory of all containers, or of the pod if it has resources of its own. */
export function qosClass(pod: PodWithResources): QosClass {
  const { spec } = pod;
  const parties = hasPodLevelResources(spec.resources)
    ? [spec.resources!]
    : [...(spec.containers ?? []), ...(spec.initContainers ?? [])].map(({ resources }) => resources ?? {});
  const requests = new Map<string, number>();
  const limits = new Map<string, number>();
  let guaranteed = true;
  for (const resources of parties) {
    addPositive(requests, resources.requests);
    if (addPositive(limits, resources.limits) < 2) guaranteed = false;
  }
  if (requests.size === 0 && limits.size === 0) return "BestEffort";
  for (const [name, request] of requests) if (limits.get(name) !== request) guaranteed = false;
  return guaranteed && requests.size === limits.size ? "Guaranteed" : "Burstable";
}

/** Adds cpu and memory above 0; answers how many of the two there were. */
function addPositive(totals: Map<string, number>, list: ResourceList | undefined): number {
  let found = 0;
  for (const name of ["cpu", "memory"]) {
    const text = list?.[name];
    if (text === undefined) continue;
    const amount = resourceValue(name, text);
    if (amount <= 0) continue;
    totals.set(name, (totals.get(name) ?? 0) + amount);
    found++;
  }
  return found;
}

/** From this priority on a pod is node-critical and as safe from the kernel's OOM killer as a guaranteed one. */
const systemNodeCritical = 2_000_001_000;
const guaranteedOomScoreAdj = -997;
const bestEffortOomScoreAdj = 1000;

/** kubelet's `GetContainerOOMScoreAdjust`: the smaller, the later the kernel kills it. */
export function oomScoreAdj(pod: Pick<Pod, "spec">, container: Container, nodeMemoryBytes: number): number {
  if ((pod.spec.priority ?? 0) >= systemNodeCritical) return guaranteedOomScoreAdj;
  const qos = qosClass(pod);
  if (qos === "Guaranteed") return guaranteedOomScoreAdj;
  if (qos === "BestEffort") return bestEffortOomScoreAdj;
  const share = unallocatedPerContainer(pod);
  let adjust = scoreOf(memoryRequest(container) + share, nodeMemoryBytes);
  if (isSidecar(container)) {
    const smallest = Math.min(...pod.spec.containers.map(memoryRequest));
    adjust = Math.min(adjust, scoreOf(smallest + share, nodeMemoryBytes));
  }
  if (adjust < 1000 + guaranteedOomScoreAdj) return 1000 + guaranteedOomScoreAdj;
  return adjust === bestEffortOomScoreAdj ? adjust - 1 : adjust;
}

const memoryRequest = ({ resources }: Container): number => {
  const text = resources?.requests?.["memory"];
  return text === undefined ? 0 : resourceValue("memory", text);
};

const scoreOf = (bytes: number, nodeBytes: number): number => 1000 - Math.trunc((1000 * bytes) / nodeBytes);

/** Memory that the pod as a whole requests beyond its containers, divided among all of them. */
function unallocatedPerContainer(pod: Pick<Pod, "spec">): number {
  if (!hasPodLevel(pod.spec.resources?.requests)) return 0;
  const options = { excludeOverhead: true };
  const ofContainers = podRequestsWith(pod, { ...options, skipPodLevelResources: true }).memoryBytes;
  const rest = podRequestsWith(pod, options).memoryBytes - ofContainers;
  const containers = pod.spec.containers.length + (pod.spec.initContainers?.length ?? 0);
  return rest > 0 ? Math.trunc(rest / containers) : 0;
}
