import { all, callApi, type Task, type View, waitUntil } from "../../client/index.ts";
import { keyOf, type Node, type Pod } from "../../model/index.ts";
import { tellOf } from "./announcements.ts";
import type { AutoscalingOptions } from "./options.ts";
import { isDaemonSetPod, isMirrorPod } from "./pod-kinds.ts";
import { client } from "./taints.ts";

const evictionRetryUs = 10_000_000;
const pollUs = 5_000_000;
/** A pod that ignores SIGTERM is killed at the end of its grace; that long is waited beyond it. */
const headroomUs = 30_000_000;

/** The pods that a drain evicts, and those of DaemonSets that it tries to. */
export function podsToEvict(
  pods: readonly Pod[],
  daemonSetsByDefault: boolean,
): { readonly evicted: Pod[]; readonly daemonSet: Pod[] } {
  const evicted: Pod[] = [];
  const daemonSet: Pod[] = [];
  for (const pod of pods) {
    if (isMirrorPod(pod)) continue;
    if (!isDaemonSetPod(pod)) evicted.push(pod);
    else if (wantsEviction(pod, daemonSetsByDefault)) daemonSet.push(pod);
  }
  return { evicted, daemonSet };
}

function wantsEviction(pod: Pod, byDefault: boolean): boolean {
  const wish = pod.metadata.annotations?.["cluster-autoscaler.kubernetes.io/enable-ds-eviction"];
  return wish === undefined ? byDefault : wish === "true";
}

/** Evicts and waits until the pods are gone; answers why it gave up, if it did (`Evictor`). */
export function* drainNode(
  node: Node,
  evicted: readonly Pod[],
  daemonSet: readonly Pod[],
  options: AutoscalingOptions,
  view: View,
): Task<string | undefined> {
  const retryUntilUs = view.nowUs + options.maxPodEvictionTimeUs;
  const refusals = yield* all([
    ...evicted.map((pod) => evictPod(pod, retryUntilUs, true, options, view)),
    ...daemonSet.map((pod) => evictPod(pod, retryUntilUs, false, options, view)),
  ]);
  const errors = refusals.slice(0, evicted.length).filter((refusal) => refusal !== undefined);
  if (errors.length > 0) {
    return `Failed to drain node /${node.metadata.name}, due to following errors: [${errors.join(" ")}]`;
  }
  if (evicted.length === 0) return undefined;
  const untilUs = view.nowUs + options.maxGracefulTerminationSeconds * 1_000_000 + headroomUs;
  while (view.nowUs < untilUs) {
    if (yield* allGone(node, evicted)) return undefined;
    yield* waitUntil(view.nowUs + pollUs);
  }
  return `Failed to drain node /${node.metadata.name}: pods remaining after timeout`;
}

function* evictPod(
  pod: Pod,
  retryUntilUs: number,
  counts: boolean,
  options: AutoscalingOptions,
  view: View,
): Task<string | undefined> {
  yield* tellOf(pod, "ScaleDown", "deleting pod for node scale down");
  const most = options.maxGracefulTerminationSeconds;
  const wanted = pod.spec.terminationGracePeriodSeconds ?? 30;
  const gracePeriodSeconds = most > 0 ? Math.min(wanted, most) : wanted;
  let lastError = "";
  for (let first = true; first || view.nowUs < retryUntilUs; first = false) {
    const reply = yield* callApi(client, { verb: "evict", key: keyOf(pod), options: { gracePeriodSeconds } });
    if (reply.ok || reply.error.reason === "NotFound") return undefined;
    lastError = reply.error.message;
    yield* waitUntil(view.nowUs + evictionRetryUs);
  }
  if (counts) yield* tellOf(pod, "ScaleDownFailed", "failed to delete pod for ScaleDown", "Warning");
  return `failed to evict pod ${keyOf(pod)} within allowed timeout (last error: ${lastError})`;
}

function* allGone(node: Node, pods: readonly Pod[]): Task<boolean> {
  for (const pod of pods) {
    const reply = yield* callApi(client, { verb: "get", kind: "Pod", key: keyOf(pod) });
    if (reply.ok && (reply.object as Pod).spec.nodeName === node.metadata.name) return false;
    if (!reply.ok && reply.error.reason !== "NotFound") return false;
  }
  return true;
}
