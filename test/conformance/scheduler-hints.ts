import type { KubeObject, Node, Pod } from "../../src/model/index.ts";
import {
  assignedPodEvents,
  type ClusterEvent,
  eventLabel,
  nodeEvents,
  objectEvent,
  podInfo,
  podUpdateEvents,
  schedulePod,
  SchedulingQueue,
} from "../../src/scheduler/index.ts";
import { type CaseResult, firstDifference } from "./area.ts";
import { completed, type RecordedCluster, schedulerOf, snapshotOf } from "./scheduler-cluster.ts";

interface RecordedEvent {
  readonly event: string;
  readonly kind: string;
  readonly action: string;
  readonly old?: KubeObject;
  readonly new?: KubeObject;
  readonly clusterEvents: readonly string[];
  readonly after400ms: string;
  readonly after30s: string;
}

export interface HintsCase {
  readonly name: string;
  readonly config?: unknown;
  readonly cluster: RecordedCluster;
  readonly pod: Pod;
  readonly events: readonly RecordedEvent[];
  readonly unschedulablePlugins: readonly string[];
}

/** One result per event: what it is called, and where it moves the waiting pod, early and late. */
export function* replayHints(recorded: HintsCase): Iterable<CaseResult> {
  for (const event of recorded.events) {
    const early = placeAfter(recorded, event, 400_000);
    const late = placeAfter(recorded, event, 30_000_000);
    const ours = { ...early, after400ms: early.place, after30s: late.place, place: undefined };
    const { clusterEvents, after400ms, after30s } = event;
    const { unschedulablePlugins } = recorded;
    const wanted = { clusterEvents: [...clusterEvents].sort(), unschedulablePlugins, after400ms, after30s };
    const difference = firstDifference(wanted, ours);
    const id = `${recorded.name}: ${event.event}`;
    yield difference === undefined ? { group: "queueing-hints", id } : { group: "queueing-hints", id, difference };
  }
}

function placeAfter(
  { config, cluster, pod: recordedPod }: HintsCase,
  event: RecordedEvent,
  atUs: number,
): { place: string | undefined; clusterEvents: readonly string[]; unschedulablePlugins: readonly string[] } {
  const snapshot = snapshotOf(cluster);
  const { configuration, framework } = schedulerOf(config, snapshot);
  const queue = new SchedulingQueue({
    frameworks: new Map([["default-scheduler", framework]]),
    snapshot,
    initialBackoffUs: configuration.podInitialBackoffSeconds * 1_000_000,
    maxBackoffUs: configuration.podMaxBackoffSeconds * 1_000_000,
  });
  const pod = podInfo(completed("Pod", recordedPod));
  queue.add(pod, 0);
  const popped = queue.pop();
  let unschedulablePlugins: readonly string[] = ["SchedulingGates"];
  if (popped !== undefined) {
    const scheduler = { nextStartNodeIndex: 0, percentageOfNodesToScore: 0, random: () => 0 };
    const decision = schedulePod(framework, pod, scheduler);
    unschedulablePlugins = decision.result === "unschedulable" ? decision.fitError.unschedulablePlugins : [];
    queue.fail(popped, unschedulablePlugins, 0);
  }
  const [before, after] = [event.old, event.new].map((object) =>
    object === undefined ? undefined : completed(event.kind === "Self" ? "Pod" : event.kind, object),
  );
  let events: readonly ClusterEvent[] = [];
  if (event.kind === "Self") {
    const updated = podInfo(after as Pod);
    events = podUpdateEvents("UnschedulablePod", pod, updated);
    queue.update(pod, updated, atUs);
  } else if (event.kind === "Pod" && before !== undefined && (before as Pod).spec.nodeName === undefined) {
    const nominated = podInfo(before as Pod);
    queue.nominate(nominated, nominated.pod.status.nominatedNodeName!);
    events = assignedPodEvents(before as Pod, undefined);
    queue.delete(nominated, atUs);
  } else {
    events = eventsOf(event.kind, before, after);
    for (const clusterEvent of events) queue.move(clusterEvent, atUs);
  }
  return { place: queue.placeOf(pod.key), clusterEvents: events.map(eventLabel).sort(), unschedulablePlugins };
}

function eventsOf(kind: string, before: KubeObject | undefined, after: KubeObject | undefined): readonly ClusterEvent[] {
  if (kind === "Node") return nodeEvents(before as Node | undefined, after as Node | undefined);
  if (kind === "Pod") return assignedPodEvents(before as Pod | undefined, after as Pod | undefined);
  return [objectEvent(before, after)];
}
