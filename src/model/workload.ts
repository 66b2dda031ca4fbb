import type { Pod } from "./generated/api-types.ts";
import { controllerOf } from "./object-meta.ts";

/**
 * What a user calls a pod's origin: `deployment/web`, `statefulset/db`, `job/import`, `cronjob/nightly`, `pod/debug`.
 * Names of ReplicaSets and of a CronJob's Jobs lose the part that their controllers appended.
 */
export function workloadOf(pod: Pick<Pod, "metadata">): string {
  const owner = controllerOf(pod);
  if (owner === undefined) return `pod/${pod.metadata.name}`;
  const hash = pod.metadata.labels?.["pod-template-hash"];
  if (owner.kind === "ReplicaSet" && hash !== undefined && owner.name.endsWith(`-${hash}`)) {
    return `deployment/${owner.name.slice(0, -hash.length - 1)}`;
  }
  if (owner.kind === "Job" && /-\d{8}$/.test(owner.name)) return `cronjob/${owner.name.slice(0, -9)}`;
  return `${owner.kind.toLowerCase()}/${owner.name}`;
}
