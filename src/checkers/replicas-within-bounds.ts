import { type KubeObject, keyOf, objectKey } from "../model/index.ts";
import { defineInvariant } from "./invariant.ts";

/** What a HorizontalPodAutoscaler wants lies within its bounds. */
export const replicasWithinBounds = defineInvariant({
  name: "replicas written by the HPA are within its bounds",
  watch({ api, violate }) {
    return {
      onCommit({ before, after }) {
        if (after?.kind !== "HorizontalPodAutoscaler") return;
        // New bounds are written by others; the HPA's own writes are of its status.
        if (statusOf(before) === statusOf(after)) return;
        const hpa = api.store.get("HorizontalPodAutoscaler", objectKey(after.metadata.namespace, after.metadata.name));
        const desired = hpa?.status?.desiredReplicas;
        // Before the first decision, and while the target is scaled to zero by hand, there is nothing to bound.
        if (hpa === undefined || desired === undefined || desired === 0) return;
        const { minReplicas = 1, maxReplicas } = hpa.spec;
        const scaled = hpa.status.lastScaleTime !== undefined;
        if (scaled && (desired < minReplicas || desired > maxReplicas))
          violate(`${keyOf(hpa)} wants ${desired}, outside ${minReplicas} to ${maxReplicas}`);
      },
    };
  },
});

function statusOf(hpa: KubeObject | undefined): unknown {
  return (hpa as { readonly status?: unknown } | undefined)?.status;
}
