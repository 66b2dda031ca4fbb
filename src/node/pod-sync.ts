import { type Container, isSidecar } from "../model/index.ts";
import { type StartRefused, startContainer } from "./container-start.ts";
import type { StartFailure } from "./container-statuses.ts";
import { stopContainer, TerminationOrder } from "./container-stop.ts";
import { type PodActions, type ProbeVerdicts, podActions } from "./pod-actions.ts";
import { allContainers } from "./pod-containers.ts";
import type { PodMachine } from "./pod-machine.ts";
import { resizePod } from "./pod-resize.ts";
import { type PodSeen, RuntimeSandbox } from "./runtime-pod.ts";
import { inParallel, type Steps } from "./work.ts";

/** What came of one sync of the runtime. */
interface SyncOutcome {
  /** By container: what failed to start; `undefined` where a start went well. */
  readonly starts: ReadonlyMap<string, StartFailure | undefined>;
  /** Something was started or stopped. */
  readonly acted: boolean;
  readonly failed: boolean;
  /** The earliest instant at which a back-off is over, when nothing but back-offs failed. */
  readonly retryUs?: number;
  /** Why containers could not be given their resources. */
  readonly resizeError?: string;
}

/** kuberuntime's `SyncPod`. `sandboxReady` is told as soon as a new sandbox stands. */
export function* syncRuntime(
  machine: PodMachine,
  seen: PodSeen,
  verdicts: ProbeVerdicts,
  sandboxReady: () => void,
): Steps<SyncOutcome> {
  const actions = podActions(machine.pod, seen, verdicts);
  const starts = new Map<string, StartFailure | undefined>();
  let resizeError: string | undefined;
  const outcome = (acted: boolean, failed: boolean, retryUs?: number): SyncOutcome => ({
    starts,
    acted,
    failed: failed || resizeError !== undefined,
    ...(retryUs !== undefined && resizeError === undefined && { retryUs }),
    ...(resizeError !== undefined && { resizeError }),
  });
  const stops = yield* stopUnwanted(machine, seen, actions);
  let sandbox = seen.sandboxes[0]?.sandbox;
  if (actions.createSandbox) {
    const made = yield* machine.runtime.runSandbox(machine.pod, machine.held, actions.attempt);
    if (!(made instanceof RuntimeSandbox)) {
      if (machine.ending) return outcome(true, false); // Nobody minds any more.
      machine.podEvent("Warning", "FailedCreatePodSandBox", `Failed to create pod sandbox: ${made.error}`);
      return outcome(stops, true);
    }
    sandbox = made;
    sandboxReady();
  }
  if (sandbox === undefined) return outcome(stops, false);
  let started = false;
  const refused: StartRefused[] = [];
  const start = function* (container: Container): Steps<boolean> {
    const failure = yield* startContainer(machine, seen, container, sandbox);
    starts.set(container.name, failure);
    if (failure === undefined) started = true;
    else refused.push(failure);
    return failure === undefined;
  };
  for (const container of actions.startInit) {
    const went = yield* start(container);
    if (!went && !isSidecar(container)) return outcome(true, true, retryOf(refused));
  }
  const resizes = actions.update.length > 0 || actions.resizes;
  if (resizes) resizeError = resizePod(machine, actions.update, actions.resizes);
  for (const container of actions.start) yield* start(container);
  return outcome(stops || started || actions.createSandbox || resizes, refused.length > 0, retryOf(refused));
}

/** The requeue waits for the first back-off that ends; any other failure is retried on its own beat. */
function retryOf(refused: readonly StartRefused[]): number | undefined {
  const instants = refused.flatMap(({ retryUs }) => retryUs ?? []);
  return instants.length > 0 && instants.length === refused.length ? Math.min(...instants) : undefined;
}

function* stopUnwanted(machine: PodMachine, seen: PodSeen, actions: PodActions): Steps<boolean> {
  const { killPod, createSandbox, attempt, kill } = actions;
  if (killPod) {
    if (createSandbox && attempt > 0)
      machine.podEvent("Normal", "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.");
    if (seen.sandboxes.length > 0) yield* stopPod(machine, seen, undefined);
    if (createSandbox) removeInits(machine);
    return seen.sandboxes.length > 0;
  }
  for (const { container, spec, message, reason } of kill) {
    yield* stopContainer(machine, container, spec, { message, reason });
  }
  return kill.length > 0;
}

/** `purgeInitContainers`: in a new sandbox they run again. */
function removeInits({ pod, held, runtime }: PodMachine): void {
  const inits = new Set((pod.spec.initContainers ?? []).map(({ name }) => name));
  for (const container of [...held.containers]) {
    if (inits.has(container.spec.name) && container.seen.state === "exited") runtime.remove(held, container);
  }
}

/** kuberuntime's `KillPod`: all containers side by side, then the sandboxes. */
export function* stopPod(machine: PodMachine, seen: PodSeen, graceSeconds: number | undefined): Steps {
  const { pod, execution, runtime } = machine;
  const specs = allContainers(pod.spec);
  const running = seen.containers.filter(({ state }) => state === "running");
  const order = new TerminationOrder(
    pod,
    running.map(({ name }) => name),
  );
  const stops = running.map((container) => {
    const spec = specs.find(({ name }) => name === container.name)!;
    return stopContainer(machine, container, spec, {
      message: "",
      reason: "other",
      order,
      ...(graceSeconds !== undefined && { graceSeconds }),
    });
  });
  yield* inParallel(execution, stops);
  for (const { sandbox } of seen.sandboxes) yield* runtime.stopSandbox(sandbox);
}
