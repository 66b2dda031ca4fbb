import { controllerOf, keyOf, objectKey } from "../model/index.ts";
import { defineInvariant } from "./invariant.ts";

/** At the end every object's controller exists under its uid, or the object is on its way out. */
export const ownersConsistent = defineInvariant({
  name: "owners are consistent",
  watch({ api, nowUs, violate }) {
    return {
      onCommit({ after }) {
        const owners = after?.metadata.ownerReferences;
        if (owners === undefined || owners.length < 2) return;
        const controllers = owners.filter(({ controller }) => controller === true);
        if (controllers.length > 1) violate(`${after!.kind} ${keyOf(after!)} has ${controllers.length} controllers`);
      },
      finish() {
        for (const kind of ["Pod", "ReplicaSet"]) {
          for (const object of api.store.list(kind)) {
            const owner = controllerOf(object);
            if (owner === undefined || object.metadata.deletionTimestamp !== undefined) continue;
            // What was made in the last half minute may still wait for the garbage collector.
            if (nowUs() - api.store.clock.instantUs(object.metadata.creationTimestamp) < 30_000_000) continue;
            const found = api.store.get(owner.kind, objectKey(object.metadata.namespace, owner.name));
            if (found !== undefined && found.metadata.uid !== owner.uid)
              violate(`${kind} ${keyOf(object)} is owned by an earlier ${owner.kind} ${owner.name}`);
          }
        }
      },
    };
  },
});
