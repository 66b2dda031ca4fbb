import type { WallClock } from "../../model/index.ts";
import { controllerOf, isPodTerminal, type Pod } from "../../model/index.ts";
import type { DisruptionBudgets } from "./disruption-budgets.ts";
import type { DrainabilityOptions } from "./options.ts";
import { isDaemonSetPod, isMirrorPod } from "./pod-kinds.ts";
import { isPodLongTerminating } from "./utilization.ts";

/** Whether a pod lets its node go: upstream's outcomes. `UndefinedOutcome` is a pod that is moved like any other. */
export interface Drainability {
  readonly outcome: "UndefinedOutcome" | "DrainOk" | "BlockDrain" | "SkipDrain" | "WaitForCompletion";
  /** Upstream's reason of a block. */
  readonly reason?: string;
}

export interface DrainContext {
  readonly options: DrainabilityOptions;
  /** Replicas of the pod's controller, 0 for kinds without; `undefined` when there is no such object. */
  readonly replicasOf: (kind: string, namespace: string, name: string) => number | undefined;
  /** Absent: budgets and controllers are not looked at, as when nodes are sorted by emptiness. */
  readonly budgets: DisruptionBudgets | undefined;
  readonly clock: WallClock;
  readonly nowUs: number;
}

type Rule = (pod: Pod, context: DrainContext) => Drainability | undefined;

const ok: Drainability = { outcome: "DrainOk" };
const skip: Drainability = { outcome: "SkipDrain" };
const block = (reason: string): Drainability => ({ outcome: "BlockDrain", reason });

const annotation = (pod: Pod, name: string): string | undefined =>
  pod.metadata.annotations?.[`cluster-autoscaler.kubernetes.io/${name}`];

const replicated = new Set(["ReplicationController", "Job", "ReplicaSet", "StatefulSet"]);

/** In order; the first that decides wins (`drainability/rules`). */
const rules: readonly Rule[] = [
  (pod) => (isMirrorPod(pod) ? skip : undefined),
  (pod, { clock, nowUs }) => (isPodLongTerminating(pod, clock, nowUs) ? skip : undefined),
  controllerExists,
  (pod) => (isDaemonSetPod(pod) ? ok : undefined),
  (pod) => (annotation(pod, "safe-to-evict") === "true" ? ok : undefined),
  (pod) => (isFinished(pod) ? ok : undefined),
  (pod) => (annotation(pod, "safe-to-evict") === "on-completion" ? { outcome: "WaitForCompletion" } : undefined),
  isReplicated,
  systemPod,
  (pod) => (annotation(pod, "safe-to-evict") === "false" ? block("NotSafeToEvictAnnotation") : undefined),
  localStorage,
  (pod, { budgets }) => (budgets?.allow(pod) === false ? block("NotEnoughPdb") : undefined),
];

/** What draining the pod's node would mean for it. */
export function drainabilityOf(pod: Pod, context: DrainContext): Drainability {
  for (const rule of rules) {
    const verdict = rule(pod, context);
    if (verdict !== undefined) return verdict;
  }
  return { outcome: "UndefinedOutcome" };
}

function controllerExists(pod: Pod, { options, replicasOf, budgets }: DrainContext): Drainability | undefined {
  const controller = controllerOf(pod);
  if (!options.skipNodesWithCustomControllerPods || controller === undefined || budgets === undefined) return undefined;
  const { kind, name } = controller;
  if (!replicated.has(kind) && kind !== "DaemonSet") return undefined;
  const replicas = replicasOf(kind, pod.metadata.namespace ?? "default", name);
  if (replicas === undefined) return block("ControllerNotFound");
  const counted = kind === "ReplicationController" || kind === "ReplicaSet";
  return counted && replicas < options.minReplicaCount ? block("MinReplicasReached") : undefined;
}

function isFinished(pod: Pod): boolean {
  if (!isPodTerminal(pod)) return false;
  const { restartPolicy } = pod.spec;
  return pod.status.phase === "Failed" || restartPolicy === "Never" || restartPolicy === "OnFailure";
}

function isReplicated(pod: Pod, { options }: DrainContext): Drainability | undefined {
  const controller = controllerOf(pod);
  const known =
    controller !== undefined && (!options.skipNodesWithCustomControllerPods || replicated.has(controller.kind));
  return known ? undefined : block("NotReplicated");
}

function systemPod(pod: Pod, { options, budgets, clock, nowUs }: DrainContext): Drainability | undefined {
  if (pod.metadata.namespace !== "kube-system" || !options.skipNodesWithSystemPods) return undefined;
  if (budgets?.covers(pod) === true) return undefined;
  const ageUs = nowUs - clock.instantUs(pod.metadata.creationTimestamp);
  return ageUs > options.blockingSystemPodTimeoutUs ? ok : block("UnmovableKubeSystemPod");
}

function localStorage(pod: Pod, { options }: DrainContext): Drainability | undefined {
  if (!options.skipNodesWithLocalStorage) return undefined;
  const safe = new Set((annotation(pod, "safe-to-evict-local-volumes") ?? "").split(","));
  const local = (pod.spec.volumes ?? []).some(
    ({ name, hostPath, emptyDir }) =>
      (hostPath !== undefined || (emptyDir !== undefined && emptyDir.medium !== "Memory")) && !safe.has(name),
  );
  return local ? block("LocalStorageRequested") : undefined;
}

/** The pods of a node by what becomes of them when it goes; or the pod that forbids it. */
export type PodsToMove =
  | { readonly blocked: { readonly pod: Pod; readonly reason: string } }
  | {
      readonly blocked?: undefined;
      readonly move: readonly Pod[];
      readonly daemonSet: readonly Pod[];
      readonly onCompletion: readonly Pod[];
    };

export function podsToMove(pods: readonly Pod[], context: DrainContext): PodsToMove {
  const move: Pod[] = [];
  const daemonSet: Pod[] = [];
  const onCompletion: Pod[] = [];
  for (const pod of pods) {
    const { outcome, reason } = drainabilityOf(pod, context);
    if (outcome === "BlockDrain") return { blocked: { pod, reason: reason! } };
    if (outcome === "SkipDrain") continue;
    if (outcome === "WaitForCompletion") onCompletion.push(pod);
    if (isDaemonSetPod(pod)) daemonSet.push(pod);
    else move.push(pod);
  }
  return { move, daemonSet, onCompletion };
}
