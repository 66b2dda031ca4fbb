import {
  afterRestart,
  type Container,
  type ContainerStatus,
  containersReadyCondition,
  EvictionConfigError,
  initializedCondition,
  type Pod,
  parseEvictionThresholds,
  podPhase,
  rankForDisk,
  rankForMemory,
  rankForPids,
  readyCondition,
  restartAllowedAt,
  value,
} from "../../src/model/index.ts";
import { type CaseResult, firstDifference, type Recordings } from "./area.ts";
import { type RecordedLine, replayLines } from "./machinery-replay.ts";

interface RecordedContainer {
  readonly kind: "container" | "init" | "sidecar";
  readonly name: string;
  readonly state: "running" | "terminated" | "waiting" | "no status";
  readonly ready?: boolean;
  readonly started?: boolean;
  readonly exitCode?: number;
  readonly lastExitCode?: number;
  readonly restartPolicy?: string;
  readonly restartOnExitCodes?: readonly number[];
}

interface PodPhaseLine extends RecordedLine {
  readonly containers: readonly RecordedContainer[];
  readonly restartPolicy: string;
  readonly phase: string;
  readonly conditions: readonly unknown[];
  readonly podIsTerminal: boolean;
  readonly podHasInitialized: boolean;
  readonly readinessGate?: { readonly type: string; readonly condition: string };
}

export function podPhases(recordings: Recordings): Iterable<CaseResult> {
  return replayLines<PodPhaseLine>(recordings, "pod-phase", (line) => {
    const { containers, restartPolicy, readinessGate: gate } = line;
    const ofKind = (...kinds: string[]): Container[] =>
      containers.filter(({ kind }) => kinds.includes(kind)).map(containerOf);
    const spec = { containers: ofKind("container"), initContainers: ofKind("init", "sidecar"), restartPolicy };
    const statuses = containers.filter(({ state }) => state !== "no status").map(statusOf);
    const life = { isTerminal: line.podIsTerminal, hasInitialized: line.podHasInitialized };
    const phase = podPhase(spec, statuses, life);
    const ready = containersReadyCondition(spec, statuses, phase);
    const pod = {
      spec: { ...spec, ...(gate && { readinessGates: [{ conditionType: gate.type }] }) },
      status: { conditions: gate && gate.condition !== "absent" ? [{ type: gate.type, status: gate.condition }] : [] },
    } as unknown as Pod;
    const conditions = [initializedCondition(spec, statuses, phase), ready, readyCondition(pod, ready)];
    return firstDifference({ phase: line.phase, conditions: line.conditions }, { phase, conditions });
  });
}

function containerOf({ name, kind, restartPolicy, restartOnExitCodes }: RecordedContainer): Container {
  const policy = kind === "sidecar" ? "Always" : restartPolicy;
  const rule = { action: "Restart", exitCodes: { operator: "In", values: restartOnExitCodes ?? [] } };
  return {
    name,
    ...(policy !== undefined && { restartPolicy: policy }),
    ...(restartOnExitCodes && { restartPolicyRules: [rule] }),
  };
}

function statusOf({ name, state, ready, started, exitCode, lastExitCode }: RecordedContainer): ContainerStatus {
  return {
    name,
    ready: ready ?? false,
    started,
    state: {
      ...(state === "running" && { running: {} }),
      ...(state === "waiting" && { waiting: {} }),
      ...(state === "terminated" && { terminated: { exitCode: exitCode ?? 0 } }),
    },
    lastState: lastExitCode === undefined ? {} : { terminated: { exitCode: lastExitCode } },
  } as ContainerStatus;
}

interface CrashLoopLine extends RecordedLine {
  readonly baseMs: number;
  readonly maxMs: number;
  readonly steps: readonly { readonly startedAtMs: number; readonly finishedAtMs: number }[];
}

export function crashLoop(recordings: Recordings): Iterable<CaseResult> {
  return replayLines<CrashLoopLine>(recordings, "crashloop", ({ baseMs, maxMs, steps }) => {
    const options = { base: baseMs, max: maxMs, resetAfter: 600_000 };
    let backOff: ReturnType<typeof afterRestart> | undefined;
    const answers = steps.map(({ startedAtMs, finishedAtMs }, index) => {
      const restartedAtMs = restartAllowedAt(backOff, finishedAtMs, options);
      const backOffMs = backOff?.delay ?? 0;
      backOff = afterRestart(backOff, finishedAtMs, restartedAtMs, options);
      const waitMs = restartedAtMs - finishedAtMs;
      return { ...{ run: index + 1, startedAtMs, finishedAtMs, backOffMs }, restartedAtMs, waitMs, nextBackOffMs: backOff.delay };
    });
    return firstDifference(steps, answers);
  });
}

interface EvictionPod {
  readonly name: string;
  readonly priority: number;
  readonly memoryWorkingSetBytes: number;
  readonly memoryRequest: string;
  readonly rootfsBytes: number;
  readonly logsBytes: number;
  readonly ephemeralStorageRequest: string;
  readonly processes: number;
  readonly noStats?: boolean;
}

interface EvictionLine extends RecordedLine {
  readonly pods: readonly EvictionPod[];
  readonly memoryOrder: readonly string[];
  readonly diskOrder: readonly string[];
  readonly pidOrder: readonly string[];
  readonly evictionHard: Readonly<Record<string, string>>;
  readonly thresholds?: readonly { readonly signal: string; readonly percentage?: number }[];
  readonly error?: string;
}

export function eviction(recordings: Recordings): Iterable<CaseResult> {
  return replayLines<EvictionLine>(recordings, "eviction", (line) =>
    line.op === "rank" ? ranking(line) : firstDifference(line.error ?? sorted(line.thresholds), thresholds(line)),
  );
}

/** Full ties may come in any order, so what is compared is the sort keys along the order. */
function ranking({ pods, memoryOrder, diskOrder, pidOrder }: EvictionLine): string | undefined {
  const quantity = (text: string): number => (text === "" ? 0 : value(text));
  const candidates = pods.map((pod) => ({
    ...pod,
    memoryBytes: pod.memoryWorkingSetBytes,
    memoryRequestBytes: quantity(pod.memoryRequest),
    diskBytes: pod.rootfsBytes + pod.logsBytes,
    ephemeralStorageRequestBytes: quantity(pod.ephemeralStorageRequest),
  }));
  type Candidate = (typeof candidates)[number];
  const keysOf = (key: (candidate: Candidate) => string, order: readonly string[]): string[] =>
    order.map((name) => key(candidates.find((candidate) => candidate.name === name)!));
  const check = (order: readonly string[], ranked: readonly Candidate[], key: (candidate: Candidate) => string): string | undefined =>
    firstDifference(keysOf(key, order), ranked.map(key));
  return (
    check(memoryOrder, rankForMemory(candidates), (pod) => `${pod.priority} ${pod.memoryBytes - pod.memoryRequestBytes}`) ??
    check(diskOrder, rankForDisk(candidates), (pod) => `${pod.priority} ${pod.diskBytes - pod.ephemeralStorageRequestBytes}`) ??
    check(pidOrder, rankForPids(candidates), (pod) => `${pod.priority} ${pod.processes}`)
  );
}

function thresholds({ evictionHard }: EvictionLine): unknown {
  try {
    return parseEvictionThresholds(evictionHard).map((threshold) => ({
      ...{ ...threshold, gracePeriodMs: 0, operator: "LessThan" },
    }));
  } catch (error) {
    if (error instanceof EvictionConfigError) return error.message;
    throw error;
  }
}

const sorted = (list: EvictionLine["thresholds"]): unknown =>
  [...(list ?? [])].sort((left, right) => (left.signal < right.signal ? -1 : 1));
