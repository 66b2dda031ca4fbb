import {
  type Container,
  controllerOf,
  type OwnerReference,
  type Pod,
  type PodAffinityTerm,
  type PodResources,
  parseTime,
  type Taint,
  type Toleration,
  tolerationsTolerate,
  type WeightedPodAffinityTerm,
} from "../../model/index.ts";
import { AffinityTerm } from "./affinity-term.ts";
import { podAmounts } from "./pod-amounts.ts";

/** A host port as it clashes: `0.0.0.0` stands for all addresses. */
export interface HostPort {
  readonly ip: string;
  readonly protocol: string;
  readonly port: number;
}

export interface WeightedAffinityTerm {
  readonly term: AffinityTerm;
  readonly weight: number;
}

/** What scheduling reads of a pod, computed once. Equal for the pod's life unless its spec, labels or status change. */
export interface PodInfo {
  /** The snapshot puts a newer version here that is the same in all that follows. */
  pod: Pod;
  /** `namespace/name`. */
  readonly key: string;
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly priority: number;
  readonly terminating: boolean;
  /** Requests as they count on a node. */
  readonly requests: PodResources;
  /** With 100m and 200 MiB for containers that name no request; what the least- and most-allocated scores count. */
  readonly nonZeroCpuMillicores: number;
  readonly nonZeroMemoryBytes: number;
  /** What NodeResourcesFit's score counts for this pod while it is being scheduled. */
  readonly scored: PodResources;
  readonly hostPorts: readonly HostPort[];
  readonly tolerations: readonly Toleration[];
  readonly requiredAffinity: readonly AffinityTerm[];
  readonly requiredAntiAffinity: readonly AffinityTerm[];
  readonly preferredAffinity: readonly WeightedAffinityTerm[];
  readonly preferredAntiAffinity: readonly WeightedAffinityTerm[];
  readonly owner: OwnerReference | undefined;
}

const nothing: readonly never[] = [];

/** Reads a pod; see `PodInfo`. */
export function podInfo(pod: Pod): PodInfo {
  const { metadata, spec } = pod;
  const namespace = metadata.namespace ?? "default";
  const amounts = podAmounts(pod);
  const affinity = spec.affinity;
  const terms = (list: readonly PodAffinityTerm[] | undefined): readonly AffinityTerm[] =>
    list === undefined || list.length === 0 ? nothing : list.map((term) => new AffinityTerm(term, namespace));
  const weighted = (list: readonly WeightedPodAffinityTerm[] | undefined): readonly WeightedAffinityTerm[] =>
    list === undefined || list.length === 0
      ? nothing
      : list.map(({ podAffinityTerm, weight }) => ({ term: new AffinityTerm(podAffinityTerm, namespace), weight }));
  return {
    pod,
    key: keyOfPod(pod),
    name: metadata.name,
    namespace,
    labels: metadata.labels ?? noLabels,
    priority: spec.priority ?? 0,
    terminating: metadata.deletionTimestamp !== undefined,
    requests: amounts.requests,
    nonZeroCpuMillicores: amounts.nonZeroCpuMillicores,
    nonZeroMemoryBytes: amounts.nonZeroMemoryBytes,
    scored: amounts.scored,
    hostPorts: hostPortsOf(pod),
    tolerations: spec.tolerations ?? nothing,
    requiredAffinity: terms(affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution),
    requiredAntiAffinity: terms(affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution),
    preferredAffinity: weighted(affinity?.podAffinity?.preferredDuringSchedulingIgnoredDuringExecution),
    preferredAntiAffinity: weighted(affinity?.podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution),
    owner: controllerOf(pod),
  };
}

/** `namespace/name` of a pod. */
export function keyOfPod({ metadata }: Pod): string {
  return `${metadata.namespace ?? "default"}/${metadata.name}`;
}

const noLabels: Readonly<Record<string, string>> = {};

/** Whether two versions of one pod are the same to everybody who counts pods on nodes: only the status may differ. */
export function countsAlike(left: PodInfo, right: PodInfo): boolean {
  const [before, after] = [left.pod, right.pod];
  return (
    left.requests === right.requests &&
    left.labels === right.labels &&
    left.terminating === right.terminating &&
    left.priority === right.priority &&
    before.metadata.uid === after.metadata.uid &&
    before.metadata.ownerReferences === after.metadata.ownerReferences &&
    before.spec.containers === after.spec.containers &&
    before.spec.initContainers === after.spec.initContainers &&
    before.spec.affinity === after.spec.affinity &&
    before.spec.volumes === after.spec.volumes
  );
}

/** Whether a newer version of the pod has the same to say in all that `podInfo` reads, as most reports of kubelets have. */
export function readsAlike({ pod: before, requests }: PodInfo, after: Pod): boolean {
  return (
    before.spec === after.spec &&
    before.metadata.uid === after.metadata.uid &&
    before.metadata.labels === after.metadata.labels &&
    before.metadata.annotations === after.metadata.annotations &&
    before.metadata.ownerReferences === after.metadata.ownerReferences &&
    before.metadata.deletionTimestamp === after.metadata.deletionTimestamp &&
    podAmounts(after).requests === requests
  );
}

/** `spec.schedulerName`, or the default. */
export function schedulerOf({ spec }: Pod): string {
  const { schedulerName = "" } = spec;
  return schedulerName === "" ? "default-scheduler" : schedulerName;
}

export function hasAffinity(pod: PodInfo): boolean {
  return (
    pod.requiredAffinity.length > 0 ||
    pod.requiredAntiAffinity.length > 0 ||
    pod.preferredAffinity.length > 0 ||
    pod.preferredAntiAffinity.length > 0
  );
}

/** Host ports of containers and sidecars; ordinary init containers hold none while the pod runs. */
function hostPortsOf(pod: Pod): readonly HostPort[] {
  let ports: HostPort[] | undefined;
  const collect = (container: Container): void => {
    for (const { hostPort, hostIP, protocol } of container.ports ?? nothing) {
      if (hostPort === undefined || hostPort <= 0) continue;
      ports ??= [];
      ports.push({
        ip: hostIP === undefined || hostIP === "" ? "0.0.0.0" : hostIP,
        protocol: protocol === undefined || protocol === "" ? "TCP" : protocol,
        port: hostPort,
      });
    }
  };
  for (const container of pod.spec.initContainers ?? nothing)
    if (container.restartPolicy === "Always") collect(container);
  for (const container of pod.spec.containers) collect(container);
  return ports ?? nothing;
}

/** Whether two host ports cannot be held on one node. */
export function portsClash(left: HostPort, right: HostPort): boolean {
  if (left.port !== right.port || left.protocol !== right.protocol) return false;
  return left.ip === right.ip || left.ip === "0.0.0.0" || right.ip === "0.0.0.0";
}

/** Whether some taint with effect NoSchedule or NoExecute is not tolerated. */
export function hasUntoleratedTaint(taints: readonly Taint[], tolerations: readonly Toleration[]): boolean {
  for (const taint of taints) {
    if (taint.effect !== "NoSchedule" && taint.effect !== "NoExecute") continue;
    if (!tolerationsTolerate(tolerations, taint)) return true;
  }
  return false;
}

/** Pods are compared by their start over and over. A memo of a pure function. */
const startTimes = new WeakMap<Pod, number>();

/** `status.startTime` in microseconds since 1970; a pod without one counts as started now, that is, last. */
export function startTimeUs(pod: Pod): number {
  const text = pod.status?.startTime;
  if (text === undefined) return Number.POSITIVE_INFINITY;
  let startUs = startTimes.get(pod);
  if (startUs === undefined) {
    const time = parseTime(text);
    startUs = time === undefined ? Number.POSITIVE_INFINITY : time.seconds * 1_000_000 + time.micros;
    startTimes.set(pod, startUs);
  }
  return startUs;
}
