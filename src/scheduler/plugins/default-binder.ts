import { callApi, type Task } from "../../client/index.ts";
import { keyOf } from "../../model/index.ts";
import { definePlugin } from "../framework/plugin.ts";
import { schedulerClient } from "../framework/scheduler-client.ts";
import { failure, type Status } from "../framework/status.ts";
import type { PodInfo } from "../snapshot/pod-info.ts";

/** Binds through the API server. */
export const defaultBinder = definePlugin({
  name: "DefaultBinder",
  create: () => ({ name: "DefaultBinder", bind: (_state, pod, nodeName) => bind(pod, nodeName) }),
});

function* bind({ pod }: PodInfo, node: string): Task<Status | undefined> {
  const { uid } = pod.metadata;
  const reply = yield* callApi(schedulerClient, { verb: "bind", key: keyOf(pod), uid, node });
  return reply.ok ? undefined : failure(reply.error.message);
}
