import type { Pod } from "../model/index.ts";

const systemCriticalPriority = 2_000_000_000;

/** Static and mirror pods, and those of system priority: never evicted, and others make room for them. */
export function isCriticalPod({ metadata, spec }: Pod): boolean {
  const { annotations = {} } = metadata;
  const source = annotations["kubernetes.io/config.source"];
  if (source !== undefined && source !== "api") return true;
  return annotations["kubernetes.io/config.mirror"] !== undefined || (spec.priority ?? 0) >= systemCriticalPriority;
}
