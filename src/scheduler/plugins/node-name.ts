import { definePlugin } from "../framework/plugin.ts";
import { unresolvable } from "../framework/status.ts";

const rejected = unresolvable("node(s) didn't match the requested node name");

/** A pod that names its node goes there and nowhere else. */
export const nodeName = definePlugin({
  name: "NodeName",
  create: () => ({
    name: "NodeName",
    filter: (_state, { pod }, node) => {
      const wanted = pod.spec.nodeName;
      return wanted === undefined || wanted === "" || wanted === node.name ? undefined : rejected;
    },
    events: [{ resource: "Node", actions: ["Add"] }],
  }),
});
