import { all, callApi, type Process, type Task, waitUntil } from "../client/index.ts";
import { controllerOf, isPodTerminal, keyOf, type Node, objectKey, type Pod } from "../model/index.ts";
import type { DrainOptions } from "../scenario/index.ts";
import { client, edit, type Refusal, refusalOf, type Target } from "./kubectl.ts";
import { podsOf } from "./pods-of.ts";

/** kubectl comes back to a refused eviction after this. */
const evictionRetryUs = 5_000_000;
/** It looks so often whether an evicted pod is gone. */
const goneRetryUs = 1_000_000;

export function cordon(name: string, on: boolean): Task<Refusal> {
  return edit(
    { kind: "Node", key: objectKey(undefined, name) },
    (node: Node & { spec: { unschedulable?: boolean } }) => {
      if (on) node.spec.unschedulable = true;
      else delete node.spec.unschedulable;
    },
  );
}

/** `kubectl drain`: cordons, then evicts side by side what may go, and waits until it is gone. */
export function* drain(process: Process, name: string, options: DrainOptions): Task<Refusal> {
  const cordoned = yield* cordon(name, true);
  if (cordoned !== undefined) return cordoned;
  const pods = [...process.surroundings.api.store.list("Pod")].filter(({ spec }) => spec.nodeName === name);
  const verdicts = pods.map((pod) => ({ pod, verdict: verdictOn(pod, options) }));
  const reasons = new Map<string, string[]>();
  for (const { pod, verdict } of verdicts) {
    if (verdict === "goes" || verdict === "stays") continue;
    reasons.set(verdict, [...(reasons.get(verdict) ?? []), keyOf(pod)]);
  }
  if (reasons.size > 0)
    return `cannot delete ${[...reasons].map(([reason, keys]) => `${reason}: ${keys.join(", ")}`).join(", cannot delete ")}`;
  const going = verdicts.filter(({ verdict }) => verdict === "goes").map(({ pod }) => pod);
  const untilUs = options.timeoutUs === undefined ? Number.POSITIVE_INFINITY : process.nowUs + options.timeoutUs;
  const refusals = yield* all(going.map((pod) => evictAndWait(process, pod, options, untilUs)));
  return refusals.find((refusal) => refusal !== undefined);
}

/** The filters of `kubectl drain`, in its words. */
function verdictOn(pod: Pod, options: DrainOptions): string {
  if (pod.metadata.annotations?.["kubernetes.io/config.mirror"] !== undefined) return "stays";
  const over = isPodTerminal(pod);
  const owner = controllerOf(pod);
  if (owner?.kind === "DaemonSet" && !over)
    return options.ignoreDaemonSets ? "stays" : "DaemonSet-managed Pods (use --ignore-daemonsets to ignore)";
  if (over) return "goes";
  if (!options.deleteEmptyDirData && pod.spec.volumes?.some(({ emptyDir }) => emptyDir !== undefined) === true)
    return "Pods with local storage (use --delete-emptydir-data to override)";
  if (!options.force && owner === undefined) return "Pods that declare no controller (use --force to override)";
  return "goes";
}

function* evictAndWait(process: Process, pod: Pod, options: DrainOptions, untilUs: number): Task<Refusal> {
  const { gracePeriodSeconds, disableEviction } = options;
  const key = keyOf(pod);
  const grace = gracePeriodSeconds === undefined ? {} : { options: { gracePeriodSeconds } };
  const tooLate = `error when evicting pods/"${pod.metadata.name}": global timeout reached`;
  for (;;) {
    const reply = yield* callApi(
      client,
      disableEviction ? { verb: "delete", kind: "Pod", key, ...grace } : { verb: "evict", key, ...grace },
    );
    if (reply.ok || reply.error.code === 404) break;
    if (reply.error.code !== 429) return refusalOf(reply);
    if (process.nowUs + evictionRetryUs > untilUs) return tooLate;
    yield* waitUntil(process.nowUs + evictionRetryUs);
  }
  for (;;) {
    const reply = yield* callApi(client, { verb: "get", kind: "Pod", key });
    if (!reply.ok && reply.error.code === 404) return undefined;
    if (reply.ok && reply.object.metadata.uid !== pod.metadata.uid) return undefined;
    if (process.nowUs + goneRetryUs > untilUs) return tooLate;
    yield* waitUntil(process.nowUs + goneRetryUs);
  }
}

/** Asks once for each: a pod by name, or the oldest of those that belong to a workload. */
export function* evictSome({ surroundings }: Process, { kind, key }: Target, count: number): Task<Refusal> {
  const { store } = surroundings.api;
  const pods = podsOf(store, { kind, key });
  const replies = yield* all(pods.slice(0, count).map((pod) => callApi(client, { verb: "evict", key: keyOf(pod) })));
  return replies.map(refusalOf).find((refusal) => refusal !== undefined);
}
