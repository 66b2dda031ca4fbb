import { definePlugin } from "../framework/plugin.ts";

/** Higher priority first, then whoever entered the queue earlier. */
export const prioritySort = definePlugin({
  name: "PrioritySort",
  create: () => ({
    name: "PrioritySort",
    less: (left, right) =>
      left.pod.priority > right.pod.priority ||
      (left.pod.priority === right.pod.priority && left.timestampUs < right.timestampUs),
  }),
});
