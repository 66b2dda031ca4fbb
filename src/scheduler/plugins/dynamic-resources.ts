import type { StateData } from "../framework/cycle-state.ts";
import { definePlugin } from "../framework/plugin.ts";
import { failure, skip, unschedulable } from "../framework/status.ts";

const name = "DynamicResources";

const prepared: StateData = { clone: () => prepared };

/** Pods with resource claims are not modelled; for all others this plugin only speaks up in messages, as upstream's does. */
export const dynamicResources = definePlugin({
  name,
  create: () => ({
    name,
    preEnqueue: () => undefined,
    preFilter: (state) => {
      state.write(name, prepared);
      return skip;
    },
    filter: () => undefined,
    // When a plugin before this one rejected in PreFilter there is no state, and upstream fails with this very text.
    postFilter: ({ state }) => ({
      status: state.read(name) === undefined ? failure("not found") : unschedulable("no new claims to deallocate"),
    }),
    score: () => 0,
    normalizeScore: () => undefined,
    reserve: () => undefined,
    preBind: () => undefined,
  }),
});
