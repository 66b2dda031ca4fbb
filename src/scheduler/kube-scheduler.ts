import { type Change, callApi, type Process, recordEvent, type Task } from "../client/index.ts";
import { keyOf, type Node, type Pod, withCondition } from "../model/index.ts";
import { type Handler, handler, phase, type RandomStream, type Sequence } from "../sim/index.ts";
import type { SchedulerConfiguration } from "./configuration/kube-scheduler-configuration.ts";
import { eventMessage } from "./cycle/fit-error.ts";
import {
  type Decision,
  type SchedulerState,
  schedulePod,
  type Unschedulable,
  victimsOf,
} from "./cycle/schedule-pod.ts";
import { Framework, type Registry } from "./framework/framework.ts";
import { PendingPods } from "./pending-pods.ts";
import { clusterObjectKinds } from "./snapshot/cluster-objects.ts";
import { podInfo } from "./snapshot/pod-info.ts";
import { Snapshot } from "./snapshot/snapshot.ts";

const client = "kube-scheduler";
/** What one scheduling cycle takes; the next one begins after it. Assumption: the real one needs 1 to 8 ms. */
const cycleUs = 1_000;

/**
 * kube-scheduler as a process: watches feed the snapshot and the queue, one pod at a time is decided about and assumed,
 * and its binding goes on in the background.
 */
export class KubeScheduler {
  readonly #process: Process;
  readonly #frameworks: ReadonlyMap<string, Framework>;
  readonly snapshot = new Snapshot();
  readonly #pending = new PendingPods();
  readonly #state: SchedulerState;
  readonly #cycle: Handler<number>;
  #scheduled: { readonly event: Sequence; readonly atUs: number } | undefined;

  constructor(process: Process, configuration: SchedulerConfiguration, registry: Registry, random: RandomStream) {
    this.#process = process;
    this.#state = { nextStartNodeIndex: 0, percentageOfNodesToScore: configuration.percentageOfNodesToScore, random };
    this.#frameworks = new Map(
      configuration.profiles.map((profile) => [profile.schedulerName, new Framework(profile, registry, this.snapshot)]),
    );
    this.#cycle = handler("kube-scheduler/cycle", (life) => {
      this.#scheduled = undefined;
      if (life === process.life) this.#next();
    });
    process.informer("Node").onChange((change) => this.#onNode(change as Change<Node>));
    process.informer("Pod").onChange((change) => this.#onPod(change as Change<Pod>));
    for (const kind of clusterObjectKinds) process.informer(kind).onChange((change) => this.#onObject(change));
    process.onCrash(() => this.#forgetAll());
  }

  #forgetAll(): void {
    for (const { name } of [...this.snapshot.nodes]) this.snapshot.removeNode(name);
    this.#pending.clear();
  }

  #onNode({ before, after }: Change<Node>): void {
    if (after === undefined) this.snapshot.removeNode(before!.metadata.name);
    else this.snapshot.setNode(after);
    this.#pending.retryAll(this.#process.nowUs);
    this.#wake();
  }

  #onObject({ before, after }: Change): void {
    if (after === undefined) this.snapshot.dropObject(before!);
    else this.snapshot.putObject(after);
  }

  #onPod({ before, after }: Change<Pod>): void {
    const key = keyOf((after ?? before)!);
    if (after === undefined || isTerminal(after)) {
      this.#pending.remove(key);
      if (this.snapshot.removePod(key)) this.#pending.retryAll(this.#process.nowUs);
    } else if ((after.spec.nodeName ?? "") !== "") {
      this.#pending.remove(key);
      this.snapshot.setPod(after);
    } else if (this.#frameworks.has(after.spec.schedulerName ?? "default-scheduler")) {
      if (!this.snapshot.isAssumed(key)) this.#pending.set(after, this.#process.nowUs);
      if (before === undefined || before.spec !== after.spec) this.#pending.retry(key, this.#process.nowUs);
    }
    this.#wake();
  }

  #wake(): void {
    const atUs = this.#pending.nextAtUs();
    if (atUs === undefined || !this.#process.running) return;
    const { loop } = this.#process.surroundings;
    const dueUs = Math.max(atUs, loop.nowUs + cycleUs);
    if (this.#scheduled !== undefined) {
      if (this.#scheduled.atUs <= dueUs) return;
      loop.cancel(this.#scheduled.event);
    }
    this.#scheduled = { event: loop.schedule(dueUs, phase.decide, this.#cycle, this.#process.life), atUs: dueUs };
  }

  #next(): void {
    const pod = this.#pending.pop(this.#process.nowUs);
    if (pod !== undefined) this.#decide(pod);
    this.#wake();
  }

  #decide(pod: Pod): void {
    if (pod.metadata.deletionTimestamp !== undefined) return;
    const framework = this.#frameworks.get(pod.spec.schedulerName ?? "default-scheduler")!;
    if ((pod.spec.schedulingGates ?? []).length > 0) return;
    const decision = schedulePod(framework, podInfo(pod), this.#state);
    if (decision.result === "scheduled") {
      this.snapshot.assume(podInfo(pod), decision.nodeName);
      this.#process.run(this.#bind(pod, decision.nodeName), () => undefined);
      return;
    }
    this.#pending.fail(pod, this.#process.nowUs);
    this.#process.run(this.#explain(pod, decision), () => undefined);
  }

  *#bind(pod: Pod, node: string): Task<void> {
    const key = keyOf(pod);
    const { uid } = pod.metadata;
    const reply = yield* callApi(client, { verb: "bind", key, uid, node });
    if (reply.ok) {
      const message = `Successfully assigned ${key} to ${node}`;
      yield* recordEvent(client, pod, "Normal", "Scheduled", message);
      return;
    }
    this.snapshot.forget(key);
    if (reply.error.code === 404) return;
    this.#pending.fail(pod, this.#process.nowUs);
    this.#wake();
  }

  *#explain(pod: Pod, decision: Exclude<Decision, { result: "scheduled" }>): Task<void> {
    const { message } = decision;
    yield* recordEvent(client, pod, "Warning", "FailedScheduling", eventMessage(message));
    const victims = decision.result === "unschedulable" ? victimsOf(decision) : [];
    for (const victim of victims) yield* this.#preempt(victim, pod);
    const nominated = decision.result === "unschedulable" ? nominationOf(decision, pod) : pod.status.nominatedNodeName;
    const reason = decision.result === "unschedulable" || decision.noNodes ? "Unschedulable" : "SchedulerError";
    const time = this.#process.clock.time(this.#process.nowUs);
    const change = (stored: Pod): Pod => {
      const condition = { type: "PodScheduled", status: "False", reason, message, lastTransitionTime: time };
      const conditions = withCondition(stored.status.conditions, condition);
      const { nominatedNodeName: _, ...status } = stored.status;
      return { ...stored, status: { ...status, conditions, ...(nominated && { nominatedNodeName: nominated }) } };
    };
    yield* callApi(client, {
      verb: "patch",
      kind: "Pod",
      key: keyOf(pod),
      uid: pod.metadata.uid,
      part: "status",
      change,
    });
  }

  *#preempt(victim: Pod, preemptor: Pod): Task<void> {
    const key = keyOf(victim);
    const time = this.#process.clock.time(this.#process.nowUs);
    const message = `${preemptor.spec.schedulerName ?? "default-scheduler"}: preempting to accommodate a higher priority pod`;
    const change = (stored: Pod): Pod => {
      const condition = {
        type: "DisruptionTarget",
        status: "True",
        reason: "PreemptionByScheduler",
        message,
        lastTransitionTime: time,
      };
      return {
        ...stored,
        status: { ...stored.status, conditions: withCondition(stored.status.conditions, condition) },
      };
    };
    yield* callApi(client, { verb: "patch", kind: "Pod", key, uid: victim.metadata.uid, part: "status", change });
    const reply = yield* callApi(client, { verb: "delete", kind: "Pod", key });
    if (!reply.ok) return;
    const by = `Preempted by pod ${preemptor.metadata.uid} on node ${victim.spec.nodeName}`;
    yield* recordEvent(client, victim, "Normal", "Preempted", by);
  }
}

function isTerminal({ status }: Pod): boolean {
  return status.phase === "Succeeded" || status.phase === "Failed";
}

function nominationOf({ postFilter }: Unschedulable, pod: Pod): string | undefined {
  const nominated = postFilter?.nominatedNodeName;
  if (nominated === undefined) return pod.status.nominatedNodeName;
  return nominated === "" ? undefined : nominated;
}
