import { isPodReady, type Pod, type Uid } from "../model/index.ts";
import { sharedDomain } from "../world/index.ts";
import { defineInvariant } from "./invariant.ts";

/** Route tables name only pods that were once reported Ready; Services that publish others say so. */
export const routesOnlyToReady = defineInvariant({
  name: "routes lead only to endpoints once reported ready",
  watch({ api, world, violate }) {
    const ready = new Set<Uid>();
    return {
      onCommit({ after, before }) {
        if (after?.kind === "Pod" && isPodReady(after as Pod)) ready.add(after.metadata.uid);
        // A pod that is gone is forgotten late: tables may name it for a while.
        if (after === undefined && before?.kind === "Pod" && ready.size > 1_000_000) ready.delete(before.metadata.uid);
      },
      onWorld(change) {
        if (change.what !== "routes" || change.domain !== sharedDomain) return;
        if (api.store.get("Service", change.service)?.spec.publishNotReadyAddresses === true) return;
        for (const { podUid } of world.routes.believed(change.service) ?? []) {
          if (!ready.has(podUid)) violate(`${change.service} leads to a pod that never was ready: ${podUid}`);
        }
      },
    };
  },
});
