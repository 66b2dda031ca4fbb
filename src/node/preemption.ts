import { type Pod, qosClass } from "../model/index.ts";
import { requestOf, type Shortage } from "./admission.ts";
import { isCriticalPod } from "./critical-pod.ts";

/** Who makes room for a critical pod, or why nobody can: kubelet's `CriticalPodAdmissionHandler`. */
export function victimsFor(
  pod: Pod,
  others: readonly Pod[],
  shortages: readonly Shortage[],
): { readonly victims: readonly Pod[] } | { readonly error: string } {
  const preemptable = others.filter(
    (other) => !isCriticalPod(other) || (other.spec.priority ?? 0) < (pod.spec.priority ?? 0),
  );
  const of = (qos: string): Pod[] => preemptable.filter((other) => qosClass(other) === qos);
  const [bestEffort, burstable, guaranteed] = [of("BestEffort"), of("Burstable"), of("Guaranteed")];
  const left = without(shortages, [...bestEffort, ...burstable, ...guaranteed]);
  if (left.length > 0) {
    const list = left.map(({ resource, missing }) => `(res: ${resource}, q: ${missing}), `).join("");
    return { error: `no set of running pods found to reclaim resources: [${list}]` };
  }
  const fromGuaranteed = nearest(guaranteed, without(shortages, [...bestEffort, ...burstable]));
  const fromBurstable = nearest(burstable, without(shortages, [...bestEffort, ...fromGuaranteed]));
  const fromBestEffort = nearest(bestEffort, without(shortages, [...fromBurstable, ...fromGuaranteed]));
  return { victims: [...fromBestEffort, ...fromBurstable, ...fromGuaranteed] };
}

function without(shortages: readonly Shortage[], pods: readonly Pod[]): Shortage[] {
  return shortages.flatMap(({ resource, missing }) => {
    const rest = missing - pods.reduce((total, pod) => total + requestOf(pod, resource), 0);
    return rest > 0 ? [{ resource, missing: rest }] : [];
  });
}

/** Pod after pod that comes nearest to what is missing; of two as near the smaller. */
function nearest(pods: readonly Pod[], wanted: readonly Shortage[]): Pod[] {
  const rest = [...pods];
  const chosen: Pod[] = [];
  for (let shortages = wanted; shortages.length > 0 && rest.length > 0; ) {
    let best = 0;
    for (let index = 1; index < rest.length; index += 1) {
      const [distance, least] = [distanceOf(rest[index]!, shortages), distanceOf(rest[best]!, shortages)];
      if (distance < least || (distance === least && isSmaller(rest[index]!, rest[best]!))) best = index;
    }
    const pod = rest[best]!;
    shortages = without(shortages, [pod]);
    chosen.push(pod);
    const last = rest.pop()!;
    if (best < rest.length) rest[best] = last;
  }
  return chosen;
}

function distanceOf(pod: Pod, shortages: readonly Shortage[]): number {
  return shortages.reduce((total, { resource, missing }) => {
    const share = Math.max(0, missing - requestOf(pod, resource)) / missing;
    return total + share * share;
  }, 0);
}

function isSmaller(left: Pod, right: Pod): boolean {
  for (const resource of ["memory", "cpu"]) {
    const difference = requestOf(left, resource) - requestOf(right, resource);
    if (difference !== 0) return difference < 0;
  }
  return true;
}
