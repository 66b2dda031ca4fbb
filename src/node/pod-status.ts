import {
  type ContainerStatus,
  containersReadyCondition,
  type GeneratedCondition,
  initializedCondition,
  isPodTerminal,
  type Pod,
  type PodCondition,
  type PodPhase,
  type PodStatus,
  podCondition,
  podPhase,
  readyCondition,
} from "../model/index.ts";
import { containerStatuses, isAnyStarted, type StatusSources } from "./container-statuses.ts";
import { sandboxChanged } from "./pod-actions.ts";
import { mayRestartAll, wantsRestartAll } from "./restart-all.ts";

/** Conditions that only the kubelet writes. */
const kubeletOwned = new Set([
  "Ready",
  "Initialized",
  "ContainersReady",
  "PodReadyToStartContainers",
  "PodScheduled",
  "AllContainersRestarting",
  "PodResizePending",
  "PodResizeInProgress",
]);

export function isKubeletOwned(type: string): boolean {
  return kubeletOwned.has(type);
}

/** A pod as the kubelet describes it to itself; transition times are the status manager's. */
export interface Draft {
  readonly phase: PodPhase;
  readonly reason?: string;
  readonly message?: string;
  readonly conditions: readonly GeneratedCondition[];
  readonly containerStatuses: ContainerStatus[];
  readonly initContainerStatuses: ContainerStatus[];
}

interface DraftSources extends StatusSources {
  /** The status manager's last word, or what the API said at first. */
  readonly old: PodStatus;
  /** Nothing of it will run again. */
  readonly isTerminal: boolean;
  /** Something of the kubelet ends the pod: the reason overrides. */
  readonly ended?: { readonly reason: string; readonly message: string };
  /** What probes say of a running container; `before`: what the last status said, kept until its startup probe speaks. */
  readonly started: (status: ContainerStatus, before: boolean) => boolean;
  readonly ready: (status: ContainerStatus) => boolean;
  /** How far a change of its resources has come. */
  readonly resize: readonly GeneratedCondition[];
}

/** kubelet's `generateAPIPodStatus`. */
export function draftStatus(sources: DraftSources): Draft {
  const { pod, seen, old, ended } = sources;
  const { spec } = pod;
  const of = (kind: "init" | "main", previous: readonly ContainerStatus[] | undefined): ContainerStatus[] =>
    containerStatuses((kind === "init" ? spec.initContainers : spec.containers) ?? [], kind, previous ?? [], sources);
  let mains = of("main", old.containerStatuses);
  let inits = of("init", old.initContainerStatuses);
  let phase: PodPhase = podPhase(spec, [...inits, ...mains], {
    isTerminal: sources.isTerminal,
    hasInitialized: isAnyStarted(mains),
  });
  if (phase !== "Failed" && phase !== "Succeeded") {
    if (isPodTerminal({ status: old })) phase = old.phase as PodPhase;
    else if (isPodTerminal(pod)) phase = pod.status.phase as PodPhase;
  }
  let { reason, message } = phase === old.phase ? old : ({} as PodStatus);
  if (ended !== undefined) {
    phase = "Failed";
    ({ reason, message } = ended);
  }
  if (isPodTerminal(pod)) phase = pod.status.phase as PodPhase;
  mains = mains.map((status) => probed(status, sources));
  inits = inits.map((status, index) => probedInit(status, spec.initContainers![index]!, sources));
  const ready = containersReadyCondition(spec, [...inits, ...mains], phase);
  return {
    phase,
    ...(reason !== undefined && { reason }),
    ...(message !== undefined && { message }),
    conditions: [
      ...restartingCondition(sources, phase),
      { type: "PodReadyToStartContainers", status: sandboxChanged(seen).changed ? "False" : "True" },
      initialized(spec, [...inits, ...mains], phase, old),
      readyCondition(pod, ready),
      ready,
      { type: "PodScheduled", status: "True" },
      ...sources.resize,
    ],
    containerStatuses: mains,
    initContainerStatuses: inits,
  };
}

/** Once initialized, a pod stays so, whatever its containers do in place. */
function initialized(
  spec: Pod["spec"],
  statuses: readonly ContainerStatus[],
  phase: PodPhase,
  old: PodStatus,
): GeneratedCondition {
  const condition = initializedCondition(spec, statuses, phase);
  const stays =
    condition.reason === "ContainersNotInitialized" && podCondition({ status: old }, "Initialized")?.status === "True";
  return stays ? { type: condition.type, status: "True" } : condition;
}

function restartingCondition({ pod, seen }: DraftSources, phase: PodPhase): GeneratedCondition[] {
  const type = "AllContainersRestarting";
  if (!mayRestartAll(pod)) return [];
  if (phase === "Succeeded") return [{ type, status: "False", reason: "PodCompleted" }];
  if (phase === "Failed") return [{ type, status: "False", reason: "PodFailed" }];
  if (!wantsRestartAll(pod, seen)) return [{ type, status: "False" }];
  const message = "container exited with restart policy rule";
  return [{ type, status: "True", reason: "RestartAllContainersStarted", message }];
}

/** The prober's `UpdatePodStatus` for an ordinary container or a sidecar. */
function probed(status: ContainerStatus, sources: DraftSources): ContainerStatus {
  const started = isStarted(status, sources);
  return Object.assign({}, status, { started, ready: started && sources.ready(status) });
}

function probedInit(
  status: ContainerStatus,
  { restartPolicy }: { readonly restartPolicy?: string },
  sources: DraftSources,
): ContainerStatus {
  if (restartPolicy === "Always") return probed(status, sources);
  const ready = status.ready || status.state?.terminated?.exitCode === 0;
  return Object.assign({}, status, { started: isStarted(status, sources), ready });
}

function isStarted(status: ContainerStatus, { old, started }: DraftSources): boolean {
  if (status.state?.running === undefined) return false;
  const isOld = ({ name }: ContainerStatus): boolean => name === status.name;
  const known = old.containerStatuses?.find(isOld) ?? old.initContainerStatuses?.find(isOld);
  return started(status, known?.started === true);
}

/** The conditions with the given one in its place. */
export function replacedCondition(conditions: readonly PodCondition[], condition: PodCondition): PodCondition[] {
  return conditions.some(({ type }) => type === condition.type)
    ? conditions.map((one) => (one.type === condition.type ? condition : one))
    : [...conditions, condition];
}
