import type { ApiReply } from "../apiserver/index.ts";
import { type Change, callApi, type PeriodicLoop, type Task, type View } from "../client/index.ts";
import { isPodTerminal, keyOf, type Node, type ObjectKey, objectKey, type Pod, withCondition } from "../model/index.ts";
import { patchPod } from "./pod-control.ts";
import { TerminatedPods } from "./terminated-pods.ts";

const client = "pod-garbage-collector";
const periodUs = 20_000_000;
/** So long must a Node be missing before its pods are taken for orphans. */
const quarantineUs = 40_000_000;

interface Memory {
  readonly nodes: Set<string>;
  /** Nodes that are gone, or named by a pod and not seen, and since which pass. */
  readonly missing: Map<string, number | undefined>;
  readonly terminal: TerminatedPods;
  /** Pods that are being deleted: unscheduled ones have nobody else to finish them. */
  readonly terminating: Set<ObjectKey>;
}

/** pod-garbage-collector of kube-controller-manager v1.36. */
export function podGarbageCollector(terminatedThreshold: number): PeriodicLoop<Memory> {
  return {
    name: client,
    ticker: { phaseUs: 0, periodUs },
    memory: () => ({ nodes: new Set(), missing: new Map(), terminal: new TerminatedPods(), terminating: new Set() }),
    watches: [
      { kind: "Node", matters: noteNode },
      { kind: "Pod", matters: (change, memory) => notePod(change, memory, terminatedThreshold) },
    ],
    tick: (view, memory) => collect(view, memory, terminatedThreshold),
  };
}

function noteNode({ before, after }: Change<Node>, { nodes, missing }: Memory): boolean {
  const { name } = (after ?? before)!.metadata;
  if (after !== undefined) {
    nodes.add(name);
    missing.delete(name);
    return false;
  }
  nodes.delete(name);
  missing.set(name, undefined);
  return true;
}

function notePod({ key, before, after }: Change<Pod>, memory: Memory, threshold: number): boolean {
  const { nodes, missing, terminal, terminating } = memory;
  if (after !== undefined && isPodTerminal(after)) terminal.add(key, after);
  else terminal.delete(key);
  if (after?.metadata.deletionTimestamp !== undefined) terminating.add(key);
  else terminating.delete(key);
  const { nodeName = "" } = after?.spec ?? {};
  const lost = nodeName !== "" && nodeName !== before?.spec.nodeName && !nodes.has(nodeName);
  if (lost && !missing.has(nodeName)) missing.set(nodeName, undefined);
  return lost || terminal.size > threshold || terminating.has(key);
}

function* collect(view: View, memory: Memory, threshold: number): Task<number | "asleep"> {
  let failed = threshold > 0 && !(yield* removeTerminated(view, memory, threshold));
  if (!(yield* removeOutOfService(view, memory))) failed = true;
  let wakeUs = Number.POSITIVE_INFINITY;
  for (const [node, sinceUs] of [...memory.missing]) {
    if (view.get("Node", objectKey(undefined, node)) !== undefined) {
      memory.missing.delete(node);
    } else if (sinceUs === undefined) {
      memory.missing.set(node, view.nowUs);
      wakeUs = Math.min(wakeUs, view.nowUs + quarantineUs);
    } else if (view.nowUs - sinceUs < quarantineUs) {
      wakeUs = Math.min(wakeUs, sinceUs + quarantineUs);
    } else if (yield* removeOrphans(node, view)) {
      memory.missing.delete(node);
    } else {
      failed = true;
    }
  }
  if (failed) return view.nowUs; // The next pass tries again.
  return wakeUs === Number.POSITIVE_INFINITY ? "asleep" : wakeUs;
}

/** The oldest of too many ended pods, evicted ones first. */
function* removeTerminated(view: View, { terminal }: Memory, threshold: number): Task<boolean> {
  const surplus = terminal.size - threshold;
  if (surplus <= 0) return true;
  let removed = true;
  for (const key of terminal.first(surplus)) {
    const pod = view.get("Pod", key);
    if (pod !== undefined && !(yield* force(pod))) removed = false;
  }
  return removed;
}

/** Pods that end on a machine which people declared out of service, and pods that never had a machine. */
function* removeOutOfService(view: View, { terminating }: Memory): Task<boolean> {
  let removed = true;
  for (const key of [...terminating]) {
    const pod = view.get("Pod", key);
    if (pod === undefined) continue;
    const { nodeName = "" } = pod.spec;
    if (nodeName === "") {
      if (!(yield* force(pod))) removed = false;
      continue;
    }
    const node = view.get("Node", objectKey(undefined, nodeName));
    const declared = node?.spec.taints?.some((taint) => taint.key === "node.kubernetes.io/out-of-service") === true;
    const ready = node?.status.conditions?.some(({ type, status }) => type === "Ready" && status === "True") === true;
    if (declared && !ready && !(yield* disrupt(pod, view))) removed = false;
  }
  return removed;
}

/** Whether nothing is left to do about the node. */
function* removeOrphans(node: string, view: View): Task<boolean> {
  const live = yield* callApi(client, { verb: "get", kind: "Node", key: objectKey(undefined, node) });
  if (live.ok) return true;
  if (live.error.code !== 404) return false;
  let removed = true;
  for (const pod of [...view.onNode(node)]) if (!(yield* disrupt(pod, view))) removed = false;
  return removed;
}

/** Ends the pod, then deletes it; a pod that could not be ended is left for the next pass, as upstream does. */
function* disrupt(pod: Pod, view: View): Task<boolean> {
  const condition = {
    type: "DisruptionTarget",
    status: "True",
    reason: "DeletionByPodGC",
    message: "PodGC: node no longer exists",
    lastTransitionTime: view.clock.time(view.nowUs),
  };
  const reply = yield* patchPod(client, pod, "status", (stored) => ({
    ...stored,
    status: {
      ...stored.status,
      phase: isPodTerminal(stored) ? stored.status.phase : "Failed",
      conditions: withCondition(stored.status.conditions, condition),
    },
  }));
  return isPast(reply) || (reply.ok && (yield* force(pod)));
}

function* force(pod: Pod): Task<boolean> {
  const options = { gracePeriodSeconds: 0, preconditions: { uid: pod.metadata.uid } };
  const reply = yield* callApi(client, { verb: "delete", kind: "Pod", key: keyOf(pod), options });
  return reply.ok || isPast(reply);
}

/** The pod is gone already, or is another one by now. */
function isPast(reply: ApiReply): boolean {
  return !reply.ok && (reply.error.code === 404 || reply.error.code === 409);
}
