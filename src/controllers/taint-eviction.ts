import {
  type Change,
  type Controller,
  callApi,
  type Outcome,
  recordEvent,
  type Task,
  type View,
} from "../client/index.ts";
import {
  keyOf,
  type Node,
  type ObjectKey,
  objectKey,
  type Pod,
  type Taint,
  toleratesTaint,
  type Uid,
  withCondition,
} from "../model/index.ts";
import { patchPod } from "./pod-control.ts";

const client = "taint-eviction-controller";

/** Pods that are to go, since when their time counts. */
type Memory = Map<Uid, { readonly sinceUs: number }>;

/** taint-eviction-controller of kube-controller-manager v1.36: NoExecute taints and how long pods tolerate them. */
export const taintEvictionController: Controller<Memory> = {
  name: client,
  workers: 8,
  memory: () => new Map(),
  watches: [
    { kind: "Node", keys: nodeKeys },
    { kind: "Pod", keys: podKeys },
  ],
  reconcile,
};

function nodeKeys({ before, after }: Change<Node>, view: View): ObjectKey[] {
  if (before?.spec.taints === after?.spec.taints) return [];
  const had = noExecute(before).length > 0;
  if (!had && noExecute(after).length === 0) return [];
  return [...view.onNode((after ?? before)!.metadata.name)].map(keyOf);
}

function podKeys({ before, after }: Change<Pod>, view: View, memory: Memory): ObjectKey[] {
  if (after === undefined) {
    memory.delete(before!.metadata.uid);
    return [];
  }
  if (before !== undefined && before.spec.nodeName === after.spec.nodeName) return [];
  const node = view.get("Node", objectKey(undefined, after.spec.nodeName ?? ""));
  return noExecute(node).length > 0 ? [keyOf(after)] : [];
}

function noExecute(node: Node | undefined): readonly Taint[] {
  return node?.spec.taints?.filter(({ effect }) => effect === "NoExecute") ?? [];
}

/** Seconds a pod stays under these taints: 0 when one is not tolerated, Infinity when all are for good. */
function toleratedSeconds(pod: Pod, taints: readonly Taint[]): number {
  let seconds = Number.POSITIVE_INFINITY;
  for (const taint of taints) {
    const used = (pod.spec.tolerations ?? []).filter((toleration) => toleratesTaint(toleration, taint));
    if (used.length === 0) return 0;
    for (const { tolerationSeconds } of used) {
      if (tolerationSeconds !== undefined) seconds = Math.min(seconds, Math.max(0, tolerationSeconds));
    }
  }
  return seconds;
}

function* reconcile(key: ObjectKey, view: View, memory: Memory): Task<Outcome> {
  const pod = view.get("Pod", key);
  if (pod === undefined || pod.metadata.deletionTimestamp !== undefined) return "done";
  const { uid } = pod.metadata;
  const taints = noExecute(view.get("Node", objectKey(undefined, pod.spec.nodeName ?? "")));
  const seconds = taints.length === 0 ? Number.POSITIVE_INFINITY : toleratedSeconds(pod, taints);
  const pending = memory.get(uid);
  if (seconds === Number.POSITIVE_INFINITY) {
    memory.delete(uid);
    if (pending !== undefined)
      yield* recordEvent(client, pod, "Normal", "TaintManagerEviction", `Cancelling deletion of Pod ${key}`);
    return "done";
  }
  const sinceUs = pending?.sinceUs ?? view.nowUs;
  const dueUs = sinceUs + seconds * 1_000_000;
  if (dueUs > view.nowUs) {
    memory.set(uid, { sinceUs });
    return { requeueInUs: dueUs - view.nowUs };
  }
  memory.delete(uid);
  return yield* evict(pod, view);
}

function* evict(pod: Pod, view: View): Task<Outcome> {
  const key = keyOf(pod);
  yield* recordEvent(client, pod, "Normal", "TaintManagerEviction", `Marking for deletion Pod ${key}`);
  const condition = {
    type: "DisruptionTarget",
    status: "True",
    reason: "DeletionByTaintManager",
    message: "Taint manager: deleting due to NoExecute taint",
    lastTransitionTime: view.clock.time(view.nowUs),
  };
  yield* patchPod(client, pod, "status", (stored) => ({
    ...stored,
    status: { ...stored.status, conditions: withCondition(stored.status.conditions, condition) },
  }));
  const reply = yield* callApi(client, { verb: "delete", kind: "Pod", key });
  return reply.ok || reply.error.code === 404 ? "done" : { retry: reply.error };
}
