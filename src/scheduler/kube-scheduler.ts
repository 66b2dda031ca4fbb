import { type Change, callApi, type Process, recordEvent, type Task } from "../client/index.ts";
import { keyOf, type Node, type Pod, withCondition } from "../model/index.ts";
import { type Handler, handler, phase, type RandomStream, type Sequence } from "../sim/index.ts";
import { BindingCycles, type BindingFailure, type Placement } from "./binding-cycles.ts";
import type { SchedulerConfiguration } from "./configuration/kube-scheduler-configuration.ts";
import { eventMessage } from "./cycle/fit-error.ts";
import { type Decision, type SchedulerState, type Unschedulable, victimsOf } from "./cycle/schedule-pod.ts";
import { type Explanation, explain } from "./explain/explanation.ts";
import { FastCycle } from "./fast/fast-cycle.ts";
import { PodTallies } from "./fast/pod-tallies.ts";
import { Framework } from "./framework/framework.ts";
import type { Registry } from "./framework/resolve-plugins.ts";
import { schedulerClient as client } from "./framework/scheduler-client.ts";
import { WaitingPods } from "./framework/waiting-pods.ts";
import { assignedPodEvents, nodeEvents, objectEvent } from "./queue/object-events.ts";
import type { QueuedPod } from "./queue/queued-pod.ts";
import { type QueuePlace, SchedulingQueue } from "./queue/scheduling-queue.ts";
import { clusterObjectKinds } from "./snapshot/cluster-objects.ts";
import { podInfo, schedulerOf } from "./snapshot/pod-info.ts";
import { Snapshot } from "./snapshot/snapshot.ts";

/** What one scheduling cycle takes; the next one begins after it. Assumption: the real one needs 1 to 8 ms. */
const cycleUs = 1_000;

/** What a scheduler knows and remembers: lost when it crashes. */
interface Mind {
  readonly snapshot: Snapshot;
  readonly queue: SchedulingQueue;
  readonly frameworks: ReadonlyMap<string, Framework>;
  readonly cycles: ReadonlyMap<string, FastCycle>;
  readonly state: SchedulerState;
}

/** Hears of every decision before anything comes of it; `why` says how it came about, by the plain code. */
type DecisionListener = (pod: Pod, decision: Decision, why: () => Explanation) => void;

/** A pod that waits, and what would be decided about it now. */
export interface WaitingExplanation {
  readonly place: QueuePlace;
  readonly attempts: number;
  /** Plugins that rejected it at its last attempt, or keep it out of the queue. */
  readonly rejectedBy: readonly string[];
  readonly explanation: Explanation;
}

/**
 * kube-scheduler as a process: watches feed the snapshot and the scheduling queue, one pod at a time is decided about and
 * assumed, and its binding goes on in the background.
 */
export class KubeScheduler {
  readonly #process: Process;
  readonly #configuration: SchedulerConfiguration;
  readonly #registry: Registry;
  readonly #random: RandomStream;
  readonly #cycle: Handler<number>;
  readonly #bindings: BindingCycles;
  #listener: DecisionListener | undefined;
  #mind: Mind;
  #scheduled: { readonly event: Sequence; readonly atUs: number } | undefined;

  constructor(process: Process, configuration: SchedulerConfiguration, registry: Registry, random: RandomStream) {
    this.#process = process;
    this.#configuration = configuration;
    this.#registry = registry;
    this.#random = random;
    this.#mind = this.#freshMind();
    this.#bindings = new BindingCycles(process, {
      permitted: ({ queued }) => this.#mind.queue.done(queued.key),
      bound: (placement) => this.#onBound(placement),
      failed: (placement, failure) => this.#onBindingFailed(placement, failure),
    });
    this.#cycle = handler("kube-scheduler/cycle", (life) => {
      this.#scheduled = undefined;
      if (life === process.life) this.#next();
    });
    process.informer("Node").onChange((change) => this.#onNode(change as Change<Node>));
    process.informer("Pod").onChange((change) => this.#onPod(change as Change<Pod>));
    for (const kind of clusterObjectKinds) process.informer(kind).onChange((change) => this.#onObject(change));
    process.onStart(() => this.#wake());
    process.onCrash(() => {
      this.#mind = this.#freshMind();
      this.#scheduled = undefined;
    });
  }

  onDecision(listener: DecisionListener): void {
    this.#listener = listener;
  }

  /** What keeps a waiting pod waiting, if it waits. */
  explainWaiting(key: string): WaitingExplanation | undefined {
    const { queue, frameworks, state } = this.#mind;
    const queued = queue.find(key);
    const place = queue.placeOf(key);
    if (queued === undefined || place === undefined) return undefined;
    const framework = frameworks.get(schedulerOf(queued.pod.pod))!;
    const now = { ...state, random: () => 0 };
    const { attempts, unschedulablePlugins } = queued;
    const explanation = explain(framework, queued.pod, now);
    return { place, attempts, rejectedBy: [...unschedulablePlugins].sort(), explanation };
  }

  #freshMind(): Mind {
    const { profiles, percentageOfNodesToScore, podInitialBackoffSeconds, podMaxBackoffSeconds } = this.#configuration;
    const snapshot = new Snapshot();
    const tallies = new PodTallies(snapshot);
    const surroundings = {
      waitingPods: new WaitingPods(),
      nowUs: () => this.#process.nowUs,
      random: this.#random,
    };
    const frameworks = new Map(
      profiles.map((profile) => {
        const framework = new Framework(profile, this.#registry, snapshot, surroundings);
        return [profile.schedulerName, framework] as const;
      }),
    );
    const queue = new SchedulingQueue({
      frameworks,
      snapshot,
      initialBackoffUs: podInitialBackoffSeconds * 1_000_000,
      maxBackoffUs: podMaxBackoffSeconds * 1_000_000,
      startUs: this.#process.nowUs,
    });
    const cycles = new Map([...frameworks].map(([name, framework]) => [name, new FastCycle(framework, tallies)]));
    return {
      snapshot,
      queue,
      frameworks,
      cycles,
      state: { nextStartNodeIndex: 0, percentageOfNodesToScore, random: this.#random },
    };
  }

  #onNode({ before, after }: Change<Node>): void {
    const { snapshot, queue } = this.#mind;
    if (after === undefined) snapshot.removeNode(before!.metadata.name);
    else snapshot.setNode(after);
    for (const event of nodeEvents(before, after)) queue.move(event, this.#process.nowUs);
    this.#wake();
  }

  #onObject({ before, after }: Change): void {
    const { snapshot, queue } = this.#mind;
    if (after === undefined) snapshot.dropObject(before!);
    else snapshot.putObject(after);
    const event = objectEvent(before, after);
    if (event !== undefined) queue.move(event, this.#process.nowUs);
    this.#wake();
  }

  #onPod({ before, after }: Change<Pod>): void {
    const { snapshot, queue, cycles } = this.#mind;
    const { nowUs } = this.#process;
    const wasAssigned = before !== undefined && isAssigned(before);
    if (after === undefined || isTerminal(after)) {
      if (before === undefined) return;
      if (wasAssigned || snapshot.isAssumed(keyOf(before))) {
        if (snapshot.removePod(keyOf(before)) && queue.listens)
          for (const event of assignedPodEvents(before, undefined)) queue.move(event, nowUs);
      }
      queue.delete(podInfo(before), nowUs);
    } else if (isAssigned(after)) {
      if (!wasAssigned) queue.delete(podInfo(before ?? after), nowUs);
      snapshot.setPod(after);
      if (queue.listens)
        for (const event of assignedPodEvents(wasAssigned ? before : undefined, after)) queue.move(event, nowUs);
    } else if (cycles.has(schedulerOf(after))) {
      if (before === undefined) queue.add(podInfo(after), nowUs);
      else if (!snapshot.isAssumed(keyOf(after))) queue.update(podInfo(before), podInfo(after), nowUs);
    }
    this.#wake();
  }

  #wake(): void {
    if (!this.#process.running) return;
    const { queue } = this.#mind;
    const { loop } = this.#process.surroundings;
    const atUs = queue.hasNext ? loop.nowUs + cycleUs : Math.max(loop.nowUs + cycleUs, queue.nextWakeUs());
    if (atUs === Number.POSITIVE_INFINITY) return;
    if (this.#scheduled !== undefined) {
      if (this.#scheduled.atUs <= atUs) return;
      loop.cancel(this.#scheduled.event);
    }
    this.#scheduled = { event: loop.schedule(Math.ceil(atUs), phase.decide, this.#cycle, this.#process.life), atUs };
  }

  #next(): void {
    const { queue } = this.#mind;
    queue.flush(this.#process.nowUs);
    const queued = queue.pop();
    if (queued !== undefined) this.#decide(queued);
    this.#wake();
  }

  #decide(queued: QueuedPod): void {
    const { snapshot, queue, frameworks, cycles, state } = this.#mind;
    const { pod } = queued.pod;
    if (pod.metadata.deletionTimestamp !== undefined || snapshot.isAssumed(queued.key)) {
      queue.done(queued.key);
      return;
    }
    const framework = frameworks.get(schedulerOf(pod))!;
    const { nextStartNodeIndex } = state;
    const decision = cycles.get(schedulerOf(pod))!.schedule(queued.pod, state);
    this.#listener?.(pod, decision, () => explain(framework, queued.pod, { ...state, nextStartNodeIndex }, decision));
    if (decision.result === "scheduled") {
      this.#bindings.begin({ framework, state: decision.state, queued, nodeName: decision.nodeName });
      return;
    }
    const rejecting = decision.result === "unschedulable" ? decision.fitError.unschedulablePlugins : [];
    queue.fail(queued, rejecting, this.#process.nowUs);
    const nominated = decision.result === "unschedulable" ? decision.postFilter?.nominatedNodeName : undefined;
    if (nominated !== undefined) queue.nominate(queued.pod, nominated);
    const failure = {
      message: decision.message,
      reason: decision.result === "unschedulable" || decision.noNodes ? "Unschedulable" : "SchedulerError",
      nominated: decision.result === "unschedulable" ? nominationOf(decision, pod) : pod.status.nominatedNodeName,
    };
    this.#process.run(this.#report(pod, failure, victimsOf(decision)), () => undefined);
  }

  *#onBound({ queued, nodeName }: Placement): Task<void> {
    const { pod } = queued.pod;
    yield* recordEvent(client, pod, "Normal", "Scheduled", `Successfully assigned ${queued.key} to ${nodeName}`);
  }

  #onBindingFailed({ queued }: Placement, { message, rejectedBy, inBackground }: BindingFailure): void {
    const { queue } = this.#mind;
    const { nowUs, view } = this.#process;
    const { pod } = queued.pod;
    if (inBackground) for (const event of assignedPodEvents(pod, undefined)) queue.move(event, nowUs);
    const known = view.get("Pod", keyOf(pod));
    if (known?.metadata.uid !== pod.metadata.uid || isAssigned(known)) queue.done(queued.key);
    else {
      queued.pod = podInfo(known);
      queue.fail(queued, rejectedBy === undefined ? [] : [rejectedBy], nowUs);
    }
    this.#wake();
    const reason = rejectedBy === undefined ? "SchedulerError" : "Unschedulable";
    const failure = { message, reason, nominated: pod.status.nominatedNodeName };
    this.#process.run(this.#report(pod, failure, []), () => undefined);
  }

  /** Says why the pod has no node, and asks those to leave that are in its way. */
  *#report(pod: Pod, { message, reason, nominated }: Failure, victims: readonly Pod[]): Task<void> {
    yield* recordEvent(client, pod, "Warning", "FailedScheduling", eventMessage(message));
    for (const victim of victims)
      if (victim.metadata.deletionTimestamp === undefined)
        yield* this.#preempt(victim, pod, nominated ?? victim.spec.nodeName);
    const lastTransitionTime = this.#process.clock.time(this.#process.nowUs);
    const change = (stored: Pod): Pod => {
      const condition = { type: "PodScheduled", status: "False", reason, message, lastTransitionTime };
      const conditions = withCondition(stored.status.conditions, condition);
      const { nominatedNodeName: _, ...status } = stored.status;
      return { ...stored, status: { ...status, conditions, ...(nominated && { nominatedNodeName: nominated }) } };
    };
    const { uid } = pod.metadata;
    yield* callApi(client, { verb: "patch", kind: "Pod", key: keyOf(pod), uid, part: "status", change });
  }

  /** `node`: where, which a victim in the middle of its binding does not say itself. */
  *#preempt(victim: Pod, preemptor: Pod, node: string | undefined): Task<void> {
    const key = keyOf(victim);
    const lastTransitionTime = this.#process.clock.time(this.#process.nowUs);
    const message = `${schedulerOf(preemptor)}: preempting to accommodate a higher priority pod`;
    const reason = "PreemptionByScheduler";
    const condition = { type: "DisruptionTarget", status: "True", reason, message, lastTransitionTime };
    const change = (stored: Pod): Pod => ({
      ...stored,
      status: { ...stored.status, conditions: withCondition(stored.status.conditions, condition) },
    });
    yield* callApi(client, { verb: "patch", kind: "Pod", key, uid: victim.metadata.uid, part: "status", change });
    const reply = yield* callApi(client, { verb: "delete", kind: "Pod", key });
    if (!reply.ok) return;
    const by = `Preempted by pod ${preemptor.metadata.uid} on node ${node}`;
    yield* recordEvent(client, victim, "Normal", "Preempted", by);
  }
}

/** Why a pod has no node, as its condition says it. */
interface Failure {
  readonly message: string;
  readonly reason: string;
  readonly nominated: string | undefined;
}

function isAssigned({ spec }: Pod): boolean {
  return (spec.nodeName ?? "") !== "";
}

function isTerminal({ status }: Pod): boolean {
  return status.phase === "Succeeded" || status.phase === "Failed";
}

function nominationOf({ postFilter }: Unschedulable, pod: Pod): string | undefined {
  const nominated = postFilter?.nominatedNodeName;
  if (nominated === undefined) return pod.status.nominatedNodeName;
  return nominated === "" ? undefined : nominated;
}
