import type { NewObject } from "../../apiserver/index.ts";
import {
  controllerReference,
  type DaemonSet,
  findUntoleratedTaint,
  type Node,
  type Pod,
  type PodSpec,
  RequiredNodeAffinity,
  type Toleration,
} from "../../model/index.ts";

/** Whether a node should get a pod of the set, and whether one that is there may stay. */
export interface Verdict {
  readonly shouldRun: boolean;
  readonly mayStay: boolean;
}

const exists = (key: string, effect: string): Toleration => ({ key, operator: "Exists", effect });

/** What pods of DaemonSets bear besides what their template says (AddOrUpdateDaemonPodTolerations). */
function tolerationsOf(spec: PodSpec): readonly Toleration[] {
  const ours = [
    exists("node.kubernetes.io/not-ready", "NoExecute"),
    exists("node.kubernetes.io/unreachable", "NoExecute"),
    exists("node.kubernetes.io/disk-pressure", "NoSchedule"),
    exists("node.kubernetes.io/memory-pressure", "NoSchedule"),
    exists("node.kubernetes.io/pid-pressure", "NoSchedule"),
    exists("node.kubernetes.io/unschedulable", "NoSchedule"),
    ...(spec.hostNetwork === true ? [exists("node.kubernetes.io/network-unavailable", "NoSchedule")] : []),
  ];
  const given = spec.tolerations ?? [];
  const same = (a: Toleration, b: Toleration): boolean =>
    a.key === b.key && a.operator === b.operator && a.effect === b.effect && (a.value ?? "") === (b.value ?? "");
  const kept = given.filter((toleration) => !ours.some((own) => same(own, toleration)));
  return [...kept, ...ours];
}

/** Judges nodes for one set; what depends on the set alone is prepared once. */
export class Placement {
  readonly #spec: PodSpec;
  readonly #affinity: RequiredNodeAffinity;
  readonly #tolerations: readonly Toleration[];

  constructor({ spec }: DaemonSet) {
    this.#spec = spec.template.spec!;
    this.#affinity = new RequiredNodeAffinity({ spec: this.#spec });
    this.#tolerations = tolerationsOf(this.#spec);
  }

  verdict(node: Node): Verdict {
    const { nodeName = "" } = this.#spec;
    if (nodeName !== "" && nodeName !== node.metadata.name) return { shouldRun: false, mayStay: false };
    if (!this.#affinity.matches(node)) return { shouldRun: false, mayStay: false };
    const { taints } = node.spec;
    if (findUntoleratedTaint(taints, this.#tolerations, ["NoExecute", "NoSchedule"]) === undefined)
      return { shouldRun: true, mayStay: true };
    return {
      shouldRun: false,
      mayStay: findUntoleratedTaint(taints, this.#tolerations, ["NoExecute"]) === undefined,
    };
  }
}

/** The pod for one node: bound to it by required affinity, so that the scheduler judges whether it fits. */
export function daemonPod(set: DaemonSet, hash: string, node: string): NewObject {
  const { metadata, spec } = set.spec.template;
  const generation = set.metadata.annotations?.["deprecated.daemonset.template.generation"];
  const labels = {
    ...metadata?.labels,
    "controller-revision-hash": hash,
    ...(generation !== undefined && { "pod-template-generation": generation }),
  };
  const term = { matchFields: [{ key: "metadata.name", operator: "In", values: [node] }] };
  const affinity = {
    ...spec?.affinity,
    nodeAffinity: {
      ...spec?.affinity?.nodeAffinity,
      requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] },
    },
  };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      generateName: `${set.metadata.name}-`,
      namespace: set.metadata.namespace,
      labels,
      ...(metadata?.annotations && { annotations: metadata.annotations }),
      ...(metadata?.finalizers && { finalizers: metadata.finalizers }),
      ownerReferences: [controllerReference(set)],
    },
    spec: { ...spec, affinity, tolerations: tolerationsOf(spec!) },
  };
}

/** The node a pod is on, or is meant for. */
function targetNodeOf({ spec }: Pod): string | undefined {
  if ((spec.nodeName ?? "") !== "") return spec.nodeName;
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  for (const { matchFields = [] } of required?.nodeSelectorTerms ?? []) {
    for (const { key, values = [] } of matchFields) if (key === "metadata.name") return values[0];
  }
  return undefined;
}

/** Pods of a set by their node, oldest first. */
export function byNode(pods: readonly Pod[]): Map<string, Pod[]> {
  const nodes = new Map<string, Pod[]>();
  const age = ({ metadata }: Pod): string => `${metadata.creationTimestamp}/${metadata.name}`;
  for (const pod of [...pods].sort((a, b) => (age(a) < age(b) ? -1 : 1))) {
    const node = targetNodeOf(pod);
    if (node === undefined) continue;
    const there = nodes.get(node);
    if (there === undefined) nodes.set(node, [pod]);
    else there.push(pod);
  }
  return nodes;
}
