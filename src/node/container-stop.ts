import { type Container, isSidecar, type Pod } from "../model/index.ts";
import type { PodMachine } from "./pod-machine.ts";
import type { ContainerSeen, RuntimeContainer } from "./runtime-pod.ts";
import { Signal, type Steps, Work } from "./work.ts";

/** StopContainer never gets less, however short the grace; seconds. */
const leastGraceSeconds = 2;

export interface Stop {
  readonly message: string;
  readonly reason: "liveness" | "startup" | "other";
  /** Overrides the pod's own grace. */
  readonly graceSeconds?: number;
  /** Whose turn it is, when a whole pod stops. */
  readonly order?: TerminationOrder;
}

/** kuberuntime's `killContainer`: preStop, its turn, then StopContainer with what is left of the grace. */
export function* stopContainer(machine: PodMachine, seen: ContainerSeen, spec: Container, stop: Stop): Steps {
  const { pod, runtime, held } = machine;
  const nowUs = (): number => machine.nowUs();
  const container = held.byId(seen.id);
  if (container === undefined) return;
  machine.containerEvent(
    spec,
    "Normal",
    "Killing",
    stop.message === "" ? `Stopping container ${spec.name}` : stop.message,
  );
  let grace = stop.graceSeconds ?? graceOf(pod, spec, stop.reason);
  if (spec.lifecycle?.preStop !== undefined && grace > 0) {
    const beganUs = nowUs();
    const over = new Signal();
    new Work(machine.execution, preStop(machine, container, spec, over));
    yield { signal: over, notAfterUs: beganUs + grace * 1_000_000 };
    grace -= Math.floor((nowUs() - beganUs) / 1_000_000);
  }
  if (stop.order !== undefined && grace > 0) {
    const beganUs = nowUs();
    yield* stop.order.awaitTurn(spec.name, beganUs + grace * 1_000_000);
    grace -= Math.floor((nowUs() - beganUs) / 1_000_000);
  }
  yield* runtime.stop(container, Math.max(leastGraceSeconds, grace));
  stop.order?.over(spec.name);
}

/** Runs on when nobody waits for it any more: what it comes to is told whenever that is. */
function* preStop(machine: PodMachine, container: RuntimeContainer, spec: Container, over: Signal): Steps {
  const { sleep } = spec.lifecycle!.preStop!;
  const { tookUs, error } =
    sleep === undefined ? machine.host.hook(container, "preStop") : { tookUs: sleep.seconds * 1_000_000 };
  const endUs = machine.nowUs() + tookUs;
  if (sleep === undefined && tookUs > 0) yield { signal: container.exit, notAfterUs: endUs };
  else yield endUs;
  if (error !== undefined || machine.nowUs() < endUs)
    machine.containerEvent(spec, "Warning", "FailedPreStopHook", "PreStopHook failed");
  over.fire();
}

function graceOf({ metadata, spec }: Pod, container: Container, reason: Stop["reason"]): number {
  if (metadata.deletionGracePeriodSeconds !== undefined) return metadata.deletionGracePeriodSeconds;
  const own = spec.terminationGracePeriodSeconds ?? 30;
  if (reason === "liveness") return container.livenessProbe?.terminationGracePeriodSeconds ?? own;
  return reason === "startup" ? (container.startupProbe?.terminationGracePeriodSeconds ?? own) : own;
}

/** Sidecars stop after the ordinary containers, and each after the one that follows it in the spec. */
export class TerminationOrder {
  readonly #over = new Map<string, Signal>();
  readonly #before = new Map<string, readonly Signal[]>();

  constructor({ spec }: Pod, running: readonly string[]) {
    const signal = (name: string): Signal => {
      const own = new Signal();
      if (!running.includes(name)) own.fire();
      this.#over.set(name, own);
      return own;
    };
    const ordinary = spec.containers.map(({ name }) => signal(name));
    let before: readonly Signal[] = ordinary;
    for (const { name } of (spec.initContainers ?? []).filter(isSidecar).reverse()) {
      this.#before.set(name, before);
      before = [...ordinary, signal(name)];
    }
  }

  *awaitTurn(name: string, notAfterUs: number): Steps {
    for (const signal of this.#before.get(name) ?? []) yield { signal, notAfterUs };
  }

  over(name: string): void {
    this.#over.get(name)?.fire();
  }
}
