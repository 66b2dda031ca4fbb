import type { View } from "../../client/index.ts";
import { isPodTerminal, type Kind, type KubeObject, keyOf, type Node, objectKey, type Pod } from "../../model/index.ts";
import { filterKinds } from "../../scheduler/index.ts";
import { ClusterSnapshot, infoOf, type RoundRobin } from "./cluster-snapshot.ts";
import type { DisruptionBudgets } from "./disruption-budgets.ts";
import type { DrainContext } from "./drainability.ts";
import type { AutoscalingOptions } from "./options.ts";
import { isExpendable } from "./pod-kinds.ts";

const controllerKinds = ["ReplicationController", "ReplicaSet", "Job", "StatefulSet", "DaemonSet"] as const;

/** Every kind that a run reads. */
export const watchedKinds: readonly Kind[] = [
  "Node",
  "Pod",
  "PodDisruptionBudget",
  "ConfigMap",
  ...controllerKinds,
  ...filterKinds,
];

/** In the order of their keys, as the autoscaler's lists are walked. */
export function inKeyOrder<T extends KubeObject>(objects: Iterable<T>): T[] {
  const found = [...objects];
  const namespace = found[0]?.metadata.namespace;
  const alike = found.every(({ metadata }) => metadata.namespace === namespace);
  // Texts side by side are compared far faster than texts that objects far apart lead to.
  const texts: string[] = alike ? found.map(({ metadata }) => metadata.name) : found.map(keyOf);
  const order = Uint32Array.from(found.keys()).sort((a, b) => (texts[a]! < texts[b]! ? -1 : 1));
  return Array.from(order, (index) => found[index]!);
}

export function isAssigned({ spec }: Pod): boolean {
  return spec.nodeName !== undefined && spec.nodeName !== "";
}

/** The pods that hold a node: neither finished nor expendable. */
export function podsOn(node: string, view: View, expendableCutoff: number): Pod[] {
  return inKeyOrder(
    [...view.onNode(node)].filter((pod) => !isPodTerminal(pod) && !isExpendable(pod, expendableCutoff)),
  );
}

/** The cluster as it is, with pods that are nominated to a node on it already. */
export function snapshotOf(
  nodes: readonly Node[],
  view: View,
  expendableCutoff: number,
  nominated: readonly Pod[],
  roundRobin: RoundRobin,
): ClusterSnapshot {
  function* objects(): Iterable<KubeObject> {
    for (const kind of filterKinds) yield* view.list(kind);
  }
  const snapshot = new ClusterSnapshot(objects(), roundRobin);
  for (const node of nodes) snapshot.addNode(node, podsOn(node.metadata.name, view, expendableCutoff));
  for (const pod of nominated) {
    const { nominatedNodeName: name = "" } = pod.status;
    if (snapshot.node(name) !== undefined) snapshot.addPod(infoOf(pod), name);
  }
  return snapshot;
}

/** What the rules of draining read, as it is known now. */
export function drainContextOf(view: View, options: AutoscalingOptions, budgets: DisruptionBudgets): DrainContext {
  return {
    options: options.drainability,
    replicasOf: (kind, namespace, name) => {
      const object = view.get(kind as Kind, objectKey(namespace, name)) as
        | { readonly spec: { readonly replicas?: number } }
        | undefined;
      return object === undefined ? undefined : (object.spec.replicas ?? 1);
    },
    budgets,
    clock: view.clock,
    nowUs: view.nowUs,
  };
}
