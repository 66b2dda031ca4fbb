import { callApi, type Process, type Task } from "../client/index.ts";
import { keyOf, type Pod } from "../model/index.ts";
import { handler, phase } from "../sim/index.ts";
import { nodesUnavailable } from "./cycle/fit-error.ts";
import type { CycleState } from "./framework/cycle-state.ts";
import type { Framework } from "./framework/framework.ts";
import { schedulerClient } from "./framework/scheduler-client.ts";
import { isRejected, type Status, unresolvable } from "./framework/status.ts";
import type { QueuedPod } from "./queue/queued-pod.ts";

/** A pod on its way to the node that was chosen for it. */
export interface Placement {
  readonly framework: Framework;
  readonly state: CycleState;
  readonly queued: QueuedPod;
  readonly nodeName: string;
}

/** Why a placement came to nothing; everything it reserved has been given back. */
export interface BindingFailure {
  readonly message: string;
  /** The plugin that rejected the pod; none: it was an error, which only time heals. */
  readonly rejectedBy: string | undefined;
  /** Whether it happened in the background, while others were being scheduled. */
  readonly inBackground: boolean;
}

interface Ends {
  /** Nothing that happens from here on makes the pod unschedulable: events need not be kept for it. */
  readonly permitted: (placement: Placement) => void;
  readonly bound: (placement: Placement) => Task<void>;
  readonly failed: (placement: Placement, failure: BindingFailure) => void;
}

/**
 * From a decision to a bound pod: assume, Reserve and Permit at once; then, in the background, waiting for permission, PreBind,
 * Bind and PostBind.
 */
export class BindingCycles {
  readonly #process: Process;
  readonly #ends: Ends;

  constructor(process: Process, ends: Ends) {
    this.#process = process;
    this.#ends = ends;
  }

  begin(placement: Placement): void {
    const { framework, state, queued, nodeName } = placement;
    const { pod } = queued;
    framework.snapshot.assume(pod, nodeName);
    const reserved = framework.runReserve(state, pod, nodeName);
    const permitted = reserved ?? framework.runPermit(state, pod, nodeName);
    if (permitted === undefined) this.#bind(placement);
    else if ("code" in permitted) this.#fail(placement, permitted, false);
    else {
      this.#process.run(nominate(placement), () => undefined);
      this.#park(placement, permitted);
    }
  }

  #park(placement: Placement, timeoutsUs: ReadonlyMap<string, number>): void {
    const { framework, queued } = placement;
    const { loop } = this.#process.surroundings;
    const { life } = this.#process;
    const waiting = framework.handle.waitingPods.park(queued.pod, timeoutsUs.keys(), (status) => {
      for (const timer of timers) loop.cancel(timer);
      if (life !== this.#process.life) return;
      if (status === undefined) this.#bind(placement);
      else this.#fail(placement, status, true);
    });
    const timers = [...timeoutsUs].map(([plugin, timeoutUs]) => {
      const message = `rejected due to timeout after waiting ${timeoutUs / 1_000_000}s at plugin ${plugin}`;
      const timeout = handler("kube-scheduler/permit-timeout", () => waiting.reject(plugin, message));
      return loop.schedule(Math.ceil(loop.nowUs + timeoutUs), phase.decide, timeout, undefined);
    });
  }

  #bind(placement: Placement): void {
    this.#ends.permitted(placement);
    this.#process.run(this.#bindingCycle(placement), () => undefined);
  }

  *#bindingCycle(placement: Placement): Task<void> {
    const { framework, state, queued, nodeName } = placement;
    const work = framework.preBindWork(state, queued.pod, nodeName);
    if (work !== undefined) yield* nominate(placement);
    const failed = (work && (yield* work)) ?? (yield* framework.runBind(state, queued.pod, nodeName));
    if (failed !== undefined) {
      this.#fail(placement, failed, true);
      return;
    }
    framework.runPostBind(state, queued.pod, nodeName);
    yield* this.#ends.bound(placement);
  }

  #fail(placement: Placement, status: Status, inBackground: boolean): void {
    const { framework, state, queued, nodeName } = placement;
    framework.runUnreserve(state, queued.pod, nodeName);
    framework.snapshot.forget(queued.key);
    const rejected = isRejected(status);
    const statuses = { byNode: new Map([[nodeName, status]]), absent: unresolvable() };
    const message = rejected ? nodesUnavailable(1, "", statuses, "") : status.reasons.join(", ");
    this.#ends.failed(placement, { message, rejectedBy: rejected ? status.plugin : undefined, inBackground });
  }
}

/** Others are told where the pod will be, as there is still something to wait for (NominatedNodeNameForExpectation). */
function* nominate({ queued, nodeName }: Placement): Task<void> {
  const { pod } = queued.pod;
  if (pod.status.nominatedNodeName === nodeName) return;
  const change = (stored: Pod): Pod =>
    stored.status.nominatedNodeName === nodeName
      ? stored
      : { ...stored, status: { ...stored.status, nominatedNodeName: nodeName } };
  const { uid } = pod.metadata;
  yield* callApi(schedulerClient, { verb: "patch", kind: "Pod", key: keyOf(pod), uid, part: "status", change });
}
