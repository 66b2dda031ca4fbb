import { type Pod, value } from "../model/index.ts";
import type { PodUsage } from "./eviction-manager.ts";

/** Which limit of local storage the pod exceeds, in the kubelet's words. */
export function localStorageExcess({ spec }: Pod, usage: PodUsage | undefined): string | undefined {
  if (usage === undefined) return undefined;
  for (const { name, emptyDir } of spec.volumes ?? []) {
    const { sizeLimit, medium = "" } = emptyDir ?? {};
    if (sizeLimit === undefined || medium !== "" || value(sizeLimit) === 0) continue;
    if ((usage.volumeBytes.get(name) ?? 0) > value(sizeLimit))
      return `Usage of EmptyDir volume "${name}" exceeds the limit "${sizeLimit}". `;
  }
  const limits = spec.containers.map(({ name, resources }) => {
    const text = resources?.limits?.["ephemeral-storage"];
    return { name, text, bytes: text === undefined ? undefined : value(text) };
  });
  let [total, limited] = [0, 0];
  for (const bytes of usage.volumeBytes.values()) total += bytes;
  for (const { name, bytes } of limits) {
    total += usage.diskBytes.get(name) ?? 0;
    limited += bytes ?? 0;
  }
  if (limits.every(({ bytes }) => bytes !== undefined) && total > limited)
    return `Pod ephemeral local storage usage exceeds the total limit of containers ${limits.map(({ text }) => text).join(" + ")}. `;
  for (const { name, text, bytes } of limits) {
    if (bytes !== undefined && (usage.diskBytes.get(name) ?? 0) > bytes)
      return `Container ${name} exceeded its local ephemeral storage limit "${text}". `;
  }
  return undefined;
}
