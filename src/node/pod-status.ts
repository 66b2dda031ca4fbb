import {
  type ContainerStatus,
  containersReadyCondition,
  type GeneratedCondition,
  initializedCondition,
  type Pod,
  type PodCondition,
  type PodPhase,
  type PodStatus,
  podPhase,
  readyCondition,
  type WallClock,
} from "../model/index.ts";
import type { ContainerState } from "./container-state.ts";

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

/** The whole status, with transition times kept where a condition's status stays. */
export function statusOf(facts: PodFacts, clock: WallClock, nowUs: number): PodStatus {
  const { pod, containers, podIP, hostIP } = facts;
  const inits = containers.filter(({ role }) => role !== "main").map((container) => container.status(clock));
  const mains = containers.filter(({ role }) => role === "main").map((container) => container.status(clock));
  const statuses = [...inits, ...mains];
  const hasInitialized = mains.some(({ state, lastState }) => state?.waiting === undefined || lastState?.terminated);
  const phase = podPhase(pod.spec, statuses, { isTerminal: facts.terminal, hasInitialized });
  return {
    ...pod.status,
    phase,
    ...(facts.reason !== undefined && { reason: facts.reason }),
    ...(facts.message !== undefined && { message: facts.message }),
    conditions: conditionsOf(facts, statuses, phase, clock.time(nowUs)),
    startTime: clock.time(facts.startTimeUs),
    ...(hostIP !== undefined && { hostIP, hostIPs: [{ ip: hostIP }] }),
    ...(podIP !== undefined && { podIP, podIPs: [{ ip: podIP }] }),
    ...(inits.length > 0 && { initContainerStatuses: inits }),
    containerStatuses: mains,
    observedGeneration: pod.metadata.generation,
  };
}

function conditionsOf(
  { pod, sandboxReady }: PodFacts,
  statuses: readonly ContainerStatus[],
  phase: PodPhase,
  time: string,
): PodCondition[] {
  const containersReady = containersReadyCondition(pod.spec, statuses, phase);
  const wanted: GeneratedCondition[] = [
    { type: "PodReadyToStartContainers", status: sandboxReady ? "True" : "False" },
    initializedCondition(pod.spec, statuses, phase),
    readyCondition(pod, containersReady),
    containersReady,
  ];
  const known = pod.status.conditions ?? [];
  const own = wanted.map((condition) => {
    const before = known.find(({ type }) => type === condition.type);
    const kept = before?.status === condition.status ? before?.lastTransitionTime : time;
    return { ...condition, lastTransitionTime: kept, observedGeneration: pod.metadata.generation } as PodCondition;
  });
  return [...own, ...known.filter(({ type }) => !wanted.some((condition) => condition.type === type))];
}
