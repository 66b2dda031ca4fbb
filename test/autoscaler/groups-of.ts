import { equivalenceGroups, type PodGroup, PodKinds } from "../../src/autoscaler/cluster-autoscaler/similar-pods.ts";
import type { Pod } from "../../src/model/index.ts";

/** The groups of pods that a run of the autoscaler finds alike. */
export function groupsOf(pods: readonly Pod[]): PodGroup[] {
  const kinds = new PodKinds();
  return equivalenceGroups(pods.map((pod) => ({ pod, kind: kinds.of(pod) })));
}
