import type { Pod, PodCondition, PodStatus, WallClock } from "../model/index.ts";
import { type ContainerState, restarts } from "./container-state.ts";

/** What a kubelet knows of a pod when it writes its status. */
export interface PodFacts {
  readonly pod: Pod;
  readonly containers: readonly ContainerState[];
  readonly startTimeUs: number;
  readonly podIP: string | undefined;
  readonly hostIP: string | undefined;
  readonly sandboxReady: boolean;
  /** Nothing of it will run again: it is being deleted, was evicted, or has ended. */
  readonly terminal: boolean;
  readonly reason?: string;
  readonly message?: string;
}

/** The kubelet's phase rules (getPhase, v1.36). */
export function phaseOf({ pod, containers, terminal }: PodFacts): string {
  const policy = pod.spec.restartPolicy;
  const again = ({ role, ended }: ContainerState): boolean => restarts(role, policy, ended?.exitCode ?? 0);
  const inits = containers.filter(({ role }) => role === "init");
  if (inits.some((init) => init.phase === "terminated" && init.ended!.exitCode !== 0 && !again(init))) return "Failed";
  const initialized = inits.every(({ phase, ended }) => phase === "terminated" && ended!.exitCode === 0);
  const mains = containers.filter(({ role }) => role === "main");
  const neverRan = mains.some(({ phase, lastEnded }) => phase === "waiting" && lastEnded === undefined);
  if (!terminal && (!initialized || neverRan)) return "Pending";
  if (mains.some(({ phase }) => phase === "running")) return "Running";
  const failed = mains.some(({ ended, lastEnded }) => (ended ?? lastEnded)?.exitCode !== 0);
  if (terminal) return failed ? "Failed" : "Succeeded";
  if (mains.some(again)) return "Running";
  return failed ? "Failed" : "Succeeded";
}

/** The whole status, with transition times kept where a condition's status stays. */
export function statusOf(facts: PodFacts, clock: WallClock, nowUs: number): PodStatus {
  const { pod, containers, podIP, hostIP } = facts;
  const phase = phaseOf(facts);
  const inits = containers.filter(({ role }) => role !== "main").map((container) => container.status(clock));
  return {
    ...pod.status,
    phase,
    ...(facts.reason !== undefined && { reason: facts.reason }),
    ...(facts.message !== undefined && { message: facts.message }),
    conditions: conditionsOf(facts, phase, clock.time(nowUs)),
    startTime: clock.time(facts.startTimeUs),
    ...(hostIP !== undefined && { hostIP, hostIPs: [{ ip: hostIP }] }),
    ...(podIP !== undefined && { podIP, podIPs: [{ ip: podIP }] }),
    ...(inits.length > 0 && { initContainerStatuses: inits }),
    containerStatuses: containers.filter(({ role }) => role === "main").map((container) => container.status(clock)),
    observedGeneration: pod.metadata.generation,
  };
}

function conditionsOf(facts: PodFacts, phase: string, time: string): PodCondition[] {
  const { pod, containers } = facts;
  const inits = containers.filter(({ role }) => role === "init");
  const waitingInits = inits.filter(({ ended }) => ended?.exitCode !== 0).map(({ spec }) => spec.name);
  const unready = containers.filter(({ role, ready }) => role !== "init" && !ready).map(({ spec }) => spec.name);
  const done = phase === "Succeeded" ? "PodCompleted" : phase === "Failed" ? "PodFailed" : undefined;
  const notReady = (): Partial<PodCondition> =>
    done !== undefined
      ? { reason: done }
      : { reason: "ContainersNotReady", message: `containers with unready status: [${unready.join(" ")}]` };
  const initialized = waitingInits.length === 0;
  const ready = unready.length === 0 && done === undefined;
  const wanted: Partial<PodCondition>[] = [
    { type: "PodReadyToStartContainers", status: text(facts.sandboxReady) },
    initialized
      ? { type: "Initialized", status: "True", ...(phase === "Succeeded" && { reason: done }) }
      : {
          type: "Initialized",
          status: "False",
          reason: "ContainersNotInitialized",
          message: `containers with incomplete status: [${waitingInits.join(" ")}]`,
        },
    { type: "Ready", status: text(ready), ...(!ready && notReady()) },
    { type: "ContainersReady", status: text(ready), ...(!ready && notReady()) },
  ];
  const known = pod.status.conditions ?? [];
  const own = wanted.map((condition) => {
    const before = known.find(({ type }) => type === condition.type);
    const kept = before?.status === condition.status ? before?.lastTransitionTime : time;
    const stamps = { lastTransitionTime: kept, observedGeneration: pod.metadata.generation };
    return Object.assign({}, condition, stamps) as PodCondition;
  });
  return [...own, ...known.filter(({ type }) => !wanted.some((condition) => condition.type === type))];
}

function text(value: boolean): string {
  return value ? "True" : "False";
}
