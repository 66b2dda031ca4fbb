import {
  CompiledLabelSelector,
  compileLabelSelector,
  compileLabelSet,
  findUntoleratedTaint,
  RequiredNodeAffinity,
  type TopologySpreadConstraint,
} from "../../model/index.ts";
import type { NodeInfo } from "../snapshot/node-info.ts";
import type { PodInfo } from "../snapshot/pod-info.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";

type SpreadAction = "DoNotSchedule" | "ScheduleAnyway";

/** A topology spread constraint with its defaults filled in. */
export interface SpreadConstraint {
  readonly topologyKey: string;
  readonly maxSkew: number;
  readonly minDomains: number;
  readonly selector: CompiledLabelSelector;
  readonly honorsAffinity: boolean;
  readonly honorsTaints: boolean;
}

/** A default constraint of the profile: it names no selector, since that is deduced for each pod. */
export type DefaultConstraint = Omit<TopologySpreadConstraint, "labelSelector">;

export const systemDefaults: readonly DefaultConstraint[] = [
  { topologyKey: "kubernetes.io/hostname", whenUnsatisfiable: "ScheduleAnyway", maxSkew: 3 },
  { topologyKey: "topology.kubernetes.io/zone", whenUnsatisfiable: "ScheduleAnyway", maxSkew: 5 },
];

/** Constraints that apply to the pod: its own of that action, or the defaults if it has none of either action. */
export function constraintsFor(
  pod: PodInfo,
  action: SpreadAction,
  defaults: readonly DefaultConstraint[],
  snapshot: Snapshot,
): readonly SpreadConstraint[] {
  const own = pod.pod.spec.topologySpreadConstraints;
  if (own !== undefined && own.length > 0) {
    return own
      .filter(({ whenUnsatisfiable }) => whenUnsatisfiable === action)
      .map((constraint) => withDefaults(constraint, ownSelector(constraint, pod)));
  }
  const applicable = defaults.filter(({ whenUnsatisfiable }) => whenUnsatisfiable === action);
  if (applicable.length === 0) return [];
  const selector = deducedSelector(pod, snapshot);
  if (selector.requirements.length === 0) return [];
  return applicable.map((constraint) => withDefaults(constraint, selector));
}

function withDefaults(constraint: DefaultConstraint, selector: CompiledLabelSelector): SpreadConstraint {
  return {
    topologyKey: constraint.topologyKey,
    maxSkew: constraint.maxSkew,
    minDomains: constraint.minDomains ?? 1,
    selector,
    honorsAffinity: (constraint.nodeAffinityPolicy ?? "Honor") === "Honor",
    honorsTaints: (constraint.nodeTaintsPolicy ?? "Ignore") === "Honor",
  };
}

/** The selector, and the pod's own values of `matchLabelKeys`. */
function ownSelector({ labelSelector, matchLabelKeys }: TopologySpreadConstraint, pod: PodInfo): CompiledLabelSelector {
  const selector = compileLabelSelector(labelSelector);
  const keys = (matchLabelKeys ?? []).filter((key) => pod.labels[key] !== undefined);
  if (keys.length === 0) return selector;
  const values = compileLabelSet(Object.fromEntries(keys.map((key) => [key, pod.labels[key]!])));
  return new CompiledLabelSelector([...values.requirements, ...selector.requirements]);
}

/** Labels of all services that select the pod, and the selector of its controller. */
function deducedSelector({ namespace, labels, owner }: PodInfo, { objects }: Snapshot): CompiledLabelSelector {
  const merged: Record<string, string> = {};
  for (const { spec } of objects.servicesIn(namespace)) {
    if (spec.selector !== undefined && compileLabelSet(spec.selector).matches(labels))
      Object.assign(merged, spec.selector);
  }
  const ofOwner =
    owner === undefined ? undefined : objects.selectorOfOwner(owner.kind, owner.apiVersion, owner.name, namespace);
  if (owner?.kind === "ReplicationController") Object.assign(merged, ofOwner?.matchLabels);
  const ofServices = compileLabelSet(merged);
  if (ofOwner === undefined || owner?.kind === "ReplicationController") return ofServices;
  return new CompiledLabelSelector([...ofServices.requirements, ...compileLabelSelector(ofOwner).requirements]);
}

/** Whether pods on this node count for a constraint, by the constraint's inclusion policies. */
export class NodeInclusion {
  readonly #pod: PodInfo;
  readonly #affinity: RequiredNodeAffinity;

  constructor(pod: PodInfo) {
    this.#pod = pod;
    this.#affinity = new RequiredNodeAffinity(pod.pod);
  }

  includes(node: NodeInfo, { honorsAffinity, honorsTaints }: SpreadConstraint): boolean {
    if (honorsAffinity && !this.#affinity.matches(node.node!)) return false;
    if (!honorsTaints) return true;
    return findUntoleratedTaint(node.taints, this.#pod.tolerations, ["NoSchedule", "NoExecute"]) === undefined;
  }
}

export function hasAllKeys(node: NodeInfo, constraints: readonly SpreadConstraint[]): boolean {
  for (const { topologyKey } of constraints) if (node.labels[topologyKey] === undefined) return false;
  return true;
}

/** Pods of that namespace on the node that match and are not terminating; the empty selector counts nobody. */
export function countMatching(node: NodeInfo, selector: CompiledLabelSelector, namespace: string): number {
  if (selector.empty) return 0;
  let count = 0;
  for (const pod of node.pods) {
    if (pod.namespace === namespace && !pod.terminating && selector.matches(pod.labels)) count++;
  }
  return count;
}
