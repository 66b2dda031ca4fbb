import { type Pod, podLimitList, value } from "../model/index.ts";
import type { PodUsage } from "./eviction-manager.ts";

/** Which limit of local storage the pod exceeds, in the kubelet's words. `imagesApart`: writable layers lie on a disk of their own. */
export function localStorageExcess(pod: Pod, usage: PodUsage | undefined, imagesApart: boolean): string | undefined {
  if (usage === undefined) return undefined;
  const { spec } = pod;
  for (const { name, emptyDir } of spec.volumes ?? []) {
    const { sizeLimit, medium = "" } = emptyDir ?? {};
    if (sizeLimit === undefined || medium !== "" || value(sizeLimit) === 0) continue;
    if ((usage.volumeBytes.get(name) ?? 0) > value(sizeLimit))
      return `Usage of EmptyDir volume "${name}" exceeds the limit "${sizeLimit}". `;
  }
  let used = 0;
  for (const bytes of usage.volumeBytes.values()) used += bytes;
  for (const bytes of usage.diskBytes.values()) used += bytes;
  const limit = podLimitList(pod)["ephemeral-storage"];
  if (limit !== undefined && used > value(limit))
    return `Pod ephemeral local storage usage exceeds the total limit of containers ${limit}. `;
  if (imagesApart) return undefined; // Of a container only its logs would count.
  for (const { name, resources } of spec.containers) {
    const own = resources?.limits?.["ephemeral-storage"];
    if (own !== undefined && value(own) !== 0 && (usage.diskBytes.get(name) ?? 0) > value(own))
      return `Container ${name} exceeded its local ephemeral storage limit "${own}". `;
  }
  return undefined;
}
