import { type Container, isPodLevelResource, isSidecar, milliValue, type Pod } from "../../model/index.ts";

/** Requests in thousandths, in the order of the pods, or what upstream complains about. */
export type PodRequests = { readonly requests: readonly number[] } | { readonly error: string };

/** Of which resource, and of which container ("": all). */
export function podRequests(pods: readonly Pod[], resource: string, container: string): PodRequests {
  const requests: number[] = [];
  for (const pod of pods) {
    const request = requestOf(pod, resource, container);
    if (typeof request === "string") return { error: request };
    requests.push(request);
  }
  return { requests };
}

function requestOf(pod: Pod, resource: string, container: string): number | string {
  const { name } = pod.metadata;
  if (container === "" && hasPodLevelRequests(pod)) return podLevelRequest(pod, resource);
  let sum = 0;
  let found = false;
  for (const candidate of countedContainers(pod)) {
    if (container !== "" && candidate.name !== container) continue;
    found = true;
    const text = candidate.resources?.requests?.[resource];
    if (text === undefined) return `missing request for ${resource} in container ${candidate.name} of Pod ${name}`;
    sum += milliValue(text);
  }
  if (container !== "" && !found) return `container ${container} not found in Pod ${name}`;
  return sum;
}

/** Ordinary containers, then sidecars; other init containers are over when metrics begin. */
function countedContainers({ spec }: Pod): Container[] {
  return [...spec.containers, ...(spec.initContainers ?? []).filter(isSidecar)];
}

function hasPodLevelRequests({ spec }: Pod): boolean {
  return Object.keys(spec.resources?.requests ?? {}).some(isPodLevelResource);
}

/** The pod's own request, else the sum over the containers that have one. */
function podLevelRequest(pod: Pod, resource: string): number | string {
  const own = pod.spec.resources?.requests?.[resource];
  if (own !== undefined && isPodLevelResource(resource)) return milliValue(own);
  const texts = countedContainers(pod).flatMap(({ resources }) => resources?.requests?.[resource] ?? []);
  if (texts.length === 0) return `missing pod-level request for ${resource} in Pod ${pod.metadata.name}`;
  return texts.reduce((sum, text) => sum + milliValue(text), 0);
}
