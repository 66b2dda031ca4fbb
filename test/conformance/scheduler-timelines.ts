import { formatTime, type Node, parseTime, type Pod } from "../../src/model/index.ts";
import {
  assignedPodEvents,
  type Decision,
  eventMessage,
  nodeEvents,
  podInfo,
  type QueuedPod,
  schedulePod,
  SchedulingQueue,
  Snapshot,
  victimsOf,
} from "../../src/scheduler/index.ts";
import { type CaseResult, firstDifference } from "./area.ts";
import { completed, type RecordedScheduler, schedulerOf } from "./scheduler-cluster.ts";

interface Observation {
  readonly atMs: number;
  readonly what: string;
  readonly pod: string;
  readonly node?: string;
  readonly reason?: string;
  readonly message?: string;
}

export interface TimelineCase {
  readonly name: string;
  readonly config: unknown;
  readonly actions: readonly { readonly atMs: number; readonly do: string; readonly object?: Node | Pod; readonly name?: string }[];
  readonly schedulingErrors: Readonly<Record<string, number>> | null;
  readonly bindingErrors: Readonly<Record<string, number>> | null;
  readonly observed: readonly Observation[];
  readonly untilMs: number | null;
}

export function replayTimeline(recorded: TimelineCase): CaseResult {
  const observed = new Timeline(recorded).run();
  const difference = firstDifference(attempts(recorded.observed), attempts(observed)) ??
    firstDifference(sorted(recorded.observed), sorted(observed));
  const { name: id } = recorded;
  return difference === undefined ? { group: "timelines", id } : { group: "timelines", id, difference };
}

/** Within one millisecond only the order of attempts means something. */
const attempts = (observed: readonly Observation[]): unknown => observed.filter(({ what }) => what === "attempt");

function sorted(observed: readonly Observation[]): unknown {
  return observed.map((observation) => ({ at: observation.atMs, text: JSON.stringify(Object.entries(observation).sort()) }))
    .sort((left, right) => left.at - right.at || (left.text < right.text ? -1 : 1));
}

/** A whole scheduler for which API calls, watches and decisions take no time. */
class Timeline {
  readonly #recorded: TimelineCase;
  readonly #snapshot = new Snapshot();
  readonly #scheduler: RecordedScheduler;
  readonly #queue: SchedulingQueue;
  readonly #state: { nextStartNodeIndex: number; readonly percentageOfNodesToScore: number; readonly random: () => number };
  readonly #observed: Observation[] = [];
  readonly #nodes = new Map<string, Node>();
  readonly #pods = new Map<string, Pod>();
  readonly #schedulingErrors: Map<string, number>;
  readonly #bindingErrors: Map<string, number>;
  readonly #later: { readonly atMs: number; readonly run: () => void }[] = [];
  #bindings: (() => void)[] = [];
  #nowMs = 0;

  constructor(recorded: TimelineCase) {
    this.#recorded = recorded;
    this.#scheduler = schedulerOf(recorded.config, this.#snapshot);
    const { configuration, framework } = this.#scheduler;
    this.#queue = new SchedulingQueue({
      frameworks: new Map([["default-scheduler", framework]]),
      snapshot: this.#snapshot,
      initialBackoffUs: configuration.podInitialBackoffSeconds * 1_000_000,
      maxBackoffUs: configuration.podMaxBackoffSeconds * 1_000_000,
    });
    this.#state = { nextStartNodeIndex: 0, percentageOfNodesToScore: configuration.percentageOfNodesToScore, random: () => 0 };
    this.#schedulingErrors = new Map(Object.entries(recorded.schedulingErrors ?? {}));
    this.#bindingErrors = new Map(Object.entries(recorded.bindingErrors ?? {}));
  }

  run(): readonly Observation[] {
    const untilMs = this.#recorded.untilMs ?? 0;
    for (const action of this.#recorded.actions) this.#at(action.atMs, () => this.#act(action));
    for (;;) {
      const dueMs = Math.min(this.#later[0]?.atMs ?? Number.POSITIVE_INFINITY, this.#queue.nextWakeUs() / 1000);
      if (dueMs > untilMs) return this.#observed;
      this.#nowMs = dueMs;
      this.#queue.flush(dueMs * 1000);
      if (this.#later[0]?.atMs === dueMs) this.#later.shift()!.run();
      if (this.#later[0]?.atMs !== dueMs) this.#schedule();
    }
  }

  #at(atMs: number, run: () => void): void {
    const place = this.#later.findIndex((other) => other.atMs > atMs);
    this.#later.splice(place < 0 ? this.#later.length : place, 0, { atMs, run });
  }

  #act({ do: verb, object, name }: TimelineCase["actions"][number]): void {
    const nowUs = this.#nowMs * 1000;
    if (verb === "createNode" || verb === "updateNode") {
      const node = completed("Node", object as Node);
      const before = this.#nodes.get(node.metadata.name);
      this.#nodes.set(node.metadata.name, node);
      this.#snapshot.setNode(node);
      for (const event of nodeEvents(before, node)) this.#queue.move(event, nowUs);
    } else if (verb === "createPod") {
      const recorded = completed("Pod", object as Pod);
      const { namespace, name: podName } = recorded.metadata;
      const pod = { ...recorded, metadata: { ...recorded.metadata, uid: `${namespace}/${podName}` } } as Pod;
      this.#pods.set(podName, pod);
      this.#queue.add(podInfo(pod), nowUs);
    } else if (verb === "updatePod") {
      const { name: podName } = (object as Pod).metadata;
      const before = this.#pods.get(podName)!;
      this.#write({ ...before, metadata: { ...before.metadata, ...object!.metadata }, spec: (object as Pod).spec });
    } else {
      this.#gone(name!);
    }
  }

  #write(pod: Pod): void {
    const before = this.#pods.get(pod.metadata.name)!;
    this.#pods.set(pod.metadata.name, pod);
    const bound = (pod.spec.nodeName ?? "") !== "";
    if (!bound) this.#queue.update(podInfo(before), podInfo(pod), this.#nowMs * 1000);
    else {
      this.#snapshot.setPod(pod);
      for (const event of assignedPodEvents(before, pod)) this.#queue.move(event, this.#nowMs * 1000);
    }
  }

  #gone(name: string): void {
    const pod = this.#pods.get(name)!;
    this.#pods.delete(name);
    const info = podInfo(pod);
    if ((pod.spec.nodeName ?? "") === "") this.#queue.delete(info, this.#nowMs * 1000);
    else {
      this.#snapshot.removePod(info.key);
      for (const event of assignedPodEvents(pod, undefined)) this.#queue.move(event, this.#nowMs * 1000);
    }
  }

  #observe(observation: Omit<Observation, "atMs">): void {
    this.#observed.push({ atMs: this.#nowMs, ...observation });
  }

  #schedule(): void {
    for (;;) {
      const next = this.#queue.pop();
      if (next !== undefined) this.#attempt(next);
      else if (this.#bindings.length > 0) this.#bindings.shift()!();
      else return;
    }
  }

  #attempt(queued: QueuedPod): void {
    const pod = queued.pod.name;
    const nominated = this.#snapshot.nominated.nodeOf(queued.key);
    const node = nominated === undefined ? {} : { node: nominated };
    const errors = this.#schedulingErrors.get(pod) ?? 0;
    if (errors > 0) {
      this.#schedulingErrors.set(pod, errors - 1);
      this.#observe({ what: "attempt", pod, ...node, reason: "error" });
      this.#observe({ what: "event", pod, reason: "FailedScheduling", message: "synthetic error" });
      this.#queue.fail(queued, [], this.#nowMs * 1000);
      return;
    }
    const decision = schedulePod(this.#scheduler.framework, queued.pod, this.#state);
    this.#observe({ what: "attempt", pod, ...node, reason: decision.result === "scheduled" ? "ok" : "unschedulable" });
    if (decision.result === "scheduled") {
      this.#snapshot.assume(queued.pod, decision.nodeName);
      this.#bindings.push(() => this.#bind(queued, decision.nodeName));
      return;
    }
    this.#observe({ what: "event", pod, reason: "FailedScheduling", message: eventMessage(decision.message) });
    const plugins = decision.result === "unschedulable" ? decision.fitError.unschedulablePlugins : [];
    this.#queue.fail(queued, plugins, this.#nowMs * 1000);
    this.#preempt(queued, decision);
  }

  #bind(queued: QueuedPod, nodeName: string): void {
    const pod = queued.pod.name;
    const errors = this.#bindingErrors.get(pod) ?? 0;
    if (errors > 0) {
      this.#bindingErrors.set(pod, errors - 1);
      this.#observe({ what: "bindFailed", pod, node: nodeName });
      const message = 'running Bind plugin "DefaultBinder": etcdserver: request timed out';
      this.#observe({ what: "event", pod, reason: "FailedScheduling", message });
      this.#snapshot.forget(queued.key);
      for (const event of assignedPodEvents(queued.pod.pod, undefined)) this.#queue.move(event, this.#nowMs * 1000);
      this.#queue.fail(queued, [], this.#nowMs * 1000);
      return;
    }
    this.#observe({ what: "bound", pod, node: nodeName });
    const message = `Successfully assigned ${queued.key} to ${nodeName}`;
    this.#observe({ what: "event", pod, reason: "Scheduled", message });
    this.#queue.done(queued.key);
    const { spec, ...rest } = this.#pods.get(pod)!;
    const bound = { ...rest, spec: { ...spec, nodeName } };
    this.#pods.set(pod, bound);
    this.#snapshot.setPod(bound);
    for (const event of assignedPodEvents(undefined, bound)) this.#queue.move(event, this.#nowMs * 1000);
  }

  /** Nominates, and asks the victims to leave; they take their grace period. */
  #preempt(queued: QueuedPod, decision: Decision): void {
    if (decision.result !== "unschedulable") return;
    const nodeName = decision.postFilter?.nominatedNodeName;
    if (nodeName === undefined) return;
    const pod = this.#pods.get(queued.pod.name)!;
    const victims = victimsOf(decision);
    if (victims.length > 0) this.#snapshot.preempting.add(queued.key); // Held back while its requests are under way.
    this.#queue.nominate(queued.pod, nodeName);
    if ((pod.status.nominatedNodeName ?? "") !== nodeName) {
      this.#write({ ...pod, status: { ...pod.status, nominatedNodeName: nodeName } });
    }
    for (const victim of victims) {
      if (victim.metadata.deletionTimestamp !== undefined) continue;
      const { name } = victim.metadata;
      this.#observe({ what: "deleteRequested", pod: name });
      const message = `Preempted by pod ${pod.metadata.uid} on node ${nodeName}`;
      this.#observe({ what: "event", pod: name, reason: "Preempted", message });
      const graceSeconds = victim.spec.terminationGracePeriodSeconds ?? 30;
      const deletionTimestamp = formatTime(parseTime("2026-01-01T00:00:00Z")!.seconds + Math.floor(this.#nowMs / 1000));
      const condition = { type: "DisruptionTarget", status: "True", reason: "PreemptionByScheduler" };
      const dying = this.#pods.get(name)!;
      this.#write({
        ...dying,
        metadata: { ...dying.metadata, deletionTimestamp },
        status: { ...dying.status, conditions: [...(dying.status.conditions ?? []), condition] },
      });
      this.#at(this.#nowMs + graceSeconds * 1000, () => {
        this.#observe({ what: "gone", pod: name });
        this.#gone(name);
      });
    }
    this.#snapshot.preempting.delete(queued.key);
  }
}
