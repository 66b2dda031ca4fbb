import { type Change, callApi, type PeriodicLoop, type Task, type View } from "../client/index.ts";
import { isPodTerminal, keyOf, type Node, type ObjectKey, objectKey, type Pod, withCondition } from "../model/index.ts";
import { patchPod } from "./pod-control.ts";
import { TerminatedPods } from "./terminated-pods.ts";

const client = "pod-garbage-collector";
const periodUs = 20_000_000;
/** So long must a Node be missing before its pods are taken for orphans. */
const quarantineUs = 40_000_000;

interface Memory {
  /** Nodes that are gone, and since which pass. */
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
    memory: () => ({ missing: new Map(), terminal: new TerminatedPods(), terminating: new Set() }),
    watches: [
      { kind: "Node", matters: noteNode },
      { kind: "Pod", matters: (change, memory) => notePod(change, memory, terminatedThreshold) },
    ],
    tick: (view, memory) => collect(view, memory, terminatedThreshold),
  };
}

function noteNode({ before, after }: Change<Node>, { missing }: Memory): boolean {
  if (after !== undefined) missing.delete(after.metadata.name);
  else missing.set(before!.metadata.name, undefined);
  return after === undefined;
}

function notePod({ key, after }: Change<Pod>, { terminal, terminating }: Memory, threshold: number): boolean {
  if (after !== undefined && isPodTerminal(after)) terminal.add(key, after);
  else terminal.delete(key);
  if (after?.metadata.deletionTimestamp !== undefined) terminating.add(key);
  else terminating.delete(key);
  return terminal.size > threshold || terminating.has(key);
}

function* collect(view: View, memory: Memory, threshold: number): Task<number | "asleep"> {
  if (threshold > 0) yield* removeTerminated(view, memory, threshold);
  yield* removeOutOfService(view, memory);
  let wakeUs = Number.POSITIVE_INFINITY;
  for (const [node, sinceUs] of [...memory.missing]) {
    if (view.get("Node", objectKey(undefined, node)) !== undefined) {
      memory.missing.delete(node);
    } else if (sinceUs === undefined) {
      memory.missing.set(node, view.nowUs);
      wakeUs = Math.min(wakeUs, view.nowUs + quarantineUs);
    } else if (view.nowUs - sinceUs < quarantineUs) {
      wakeUs = Math.min(wakeUs, sinceUs + quarantineUs);
    } else {
      yield* removeOrphans(node, view, memory);
    }
  }
  return wakeUs === Number.POSITIVE_INFINITY ? "asleep" : wakeUs;
}

/** The oldest of too many ended pods, evicted ones first. */
function* removeTerminated(view: View, { terminal }: Memory, threshold: number): Task<void> {
  const surplus = terminal.size - threshold;
  if (surplus <= 0) return;
  for (const key of terminal.first(surplus)) {
    const pod = view.get("Pod", key);
    if (pod !== undefined) yield* force(pod);
  }
}

/** Pods that end on a machine which people declared out of service, and pods that never had a machine. */
function* removeOutOfService(view: View, { terminating }: Memory): Task<void> {
  for (const key of [...terminating]) {
    const pod = view.get("Pod", key);
    if (pod === undefined) continue;
    const { nodeName = "" } = pod.spec;
    if (nodeName === "") {
      yield* force(pod);
      continue;
    }
    const node = view.get("Node", objectKey(undefined, nodeName));
    const declared = node?.spec.taints?.some((taint) => taint.key === "node.kubernetes.io/out-of-service") === true;
    const ready = node?.status.conditions?.some(({ type, status }) => type === "Ready" && status === "True") === true;
    if (declared && !ready) yield* disrupt(pod, "PodGC: node no longer exists", view);
  }
}

function* removeOrphans(node: string, view: View, { missing }: Memory): Task<void> {
  const live = yield* callApi(client, { verb: "get", kind: "Node", key: objectKey(undefined, node) });
  missing.delete(node);
  if (live.ok) return;
  for (const pod of [...view.onNode(node)]) yield* disrupt(pod, "PodGC: node no longer exists", view);
}

function* disrupt(pod: Pod, message: string, view: View): Task<void> {
  const condition = {
    type: "DisruptionTarget",
    status: "True",
    reason: "DeletionByPodGC",
    message,
    lastTransitionTime: view.clock.time(view.nowUs),
  };
  yield* patchPod(client, pod, "status", (stored) => ({
    ...stored,
    status: {
      ...stored.status,
      phase: isPodTerminal(stored) ? stored.status.phase : "Failed",
      conditions: withCondition(stored.status.conditions, condition),
    },
  }));
  yield* force(pod);
}

function* force(pod: Pod): Task<void> {
  const options = { gracePeriodSeconds: 0, preconditions: { uid: pod.metadata.uid } };
  yield* callApi(client, { verb: "delete", kind: "Pod", key: keyOf(pod), options });
}
