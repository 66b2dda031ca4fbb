import { keyOf, type Pod } from "../model/index.ts";
import { defineInvariant } from "./invariant.ts";

/** A pod that has a machine keeps it to its end. */
export const podBoundOnce = defineInvariant({
  name: "a pod is bound once",
  watch({ violate }) {
    return {
      onCommit({ before, after }) {
        if (before?.kind !== "Pod" || after === undefined) return;
        const was = (before as Pod).spec.nodeName ?? "";
        const is = (after as Pod).spec.nodeName ?? "";
        if (was !== "" && was !== is && before.metadata.uid === after.metadata.uid)
          violate(`${keyOf(after)} moved from ${was} to ${is}`);
      },
    };
  },
});
