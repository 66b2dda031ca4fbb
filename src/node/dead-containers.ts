import type { RuntimeContainer } from "./runtime-pod.ts";

/**
 * kubelet's `cleanUpContainersInPod`, after one has died: which of a pod's containers (the newest first) are to be removed.
 * One dead container of each name is kept; none of a pod that is evicted or gone.
 */
export function deadContainers(
  containers: readonly RuntimeContainer[],
  died: RuntimeContainer,
  all: boolean,
): RuntimeContainer[] {
  const kept = new Set<string>();
  return containers.filter(({ seen, spec: { name } }) => {
    if (seen.state !== "exited") return false;
    if (all) return true;
    if (kept.has(name)) return name === died.spec.name;
    kept.add(name);
    return false;
  });
}
