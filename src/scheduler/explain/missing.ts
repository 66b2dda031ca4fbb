import {
  bytesText,
  CompiledNodeSelector,
  milliQuantityText,
  type NodeSelectorRequirement,
  type NodeSelectorTerm,
  tolerationsTolerate,
} from "../../model/index.ts";
import type { Status } from "../framework/status.ts";
import { hasFreePorts } from "../plugins/node-ports.ts";
import { requestOf } from "../plugins/resource-scores.ts";
import type { NodeInfo } from "../snapshot/node-info.ts";
import type { PodInfo } from "../snapshot/pod-info.ts";

/** One thing that a node lacks for a pod. */
export interface Missing {
  /** In words; the same words on every node that lacks the same. */
  readonly what: string;
  /** How much of it, where it is an amount: millicores of cpu, else bytes or pieces. */
  readonly amount?: number;
}

/** What would have to change on the node, or in the pod, for this rejection to go away. */
export function missingOn(status: Status, pod: PodInfo, node: NodeInfo): readonly Missing[] {
  const found = (detectives[status.plugin ?? ""] ?? nothing)(pod, node);
  return found.length > 0 ? found : status.reasons.map((what) => ({ what }));
}

/** An amount in the unit of its resource. */
export function amountText(resource: string, amount: number): string {
  if (resource.startsWith("cpu")) return milliQuantityText(amount);
  return /^(memory|ephemeral-storage)/.test(resource) ? bytesText(amount) : String(amount);
}

type Detective = (pod: PodInfo, node: NodeInfo) => readonly Missing[];

const nothing: Detective = () => [];

const detectives: Readonly<Record<string, Detective>> = {
  NodeUnschedulable: () => [{ what: "the node uncordoned" }],
  NodeName: ({ pod }) => [{ what: `the node named ${pod.spec.nodeName}` }],
  TaintToleration: missingTolerations,
  NodeAffinity: missingLabels,
  NodePorts: takenPorts,
  NodeResourcesFit: shortages,
};

/** What the node has in all, and what of it is free, decides between "free some" and "never". */
function shortages({ requests }: PodInfo, node: NodeInfo): readonly Missing[] {
  const missing: Missing[] = [];
  if (node.pods.length + 1 > node.allocatable.pods) missing.push({ what: "room for one more pod", amount: 1 });
  for (const [resource] of requests.all) {
    const asked = requestOf(requests, resource);
    const allocatable = node.allocatableOf(resource);
    const short = asked - (allocatable - node.requestedOf(resource));
    if (asked === 0 || short <= 0) continue;
    if (asked > allocatable) missing.push({ what: `${resource} on a bigger node`, amount: asked - allocatable });
    else missing.push({ what: `${resource} freed`, amount: short });
  }
  return missing;
}

function missingTolerations({ tolerations }: PodInfo, { taints }: NodeInfo): readonly Missing[] {
  return taints
    .filter(({ effect }) => effect === "NoSchedule" || effect === "NoExecute")
    .filter((taint) => !tolerationsTolerate(tolerations, taint))
    .map(({ key, value = "", effect }) => ({
      what: `a toleration of ${key}${value === "" ? "" : `=${value}`}:${effect}`,
    }));
}

/** Labels of the node selector, and those of the term of the required affinity that comes closest. */
function missingLabels({ pod }: PodInfo, node: NodeInfo): readonly Missing[] {
  const { nodeSelector = {}, affinity } = pod.spec;
  const missing = Object.entries(nodeSelector)
    .filter(([key, value]) => node.labels[key] !== value)
    .map(([key, value]) => ({ what: `label ${key}=${value}` }));
  const terms = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const unmet = terms.map((term) => unmetRequirements(term, node));
  const closest = unmet.reduce((best, one) => (one.length < best.length ? one : best), unmet[0] ?? []);
  return [...missing, ...closest.map((requirement) => ({ what: requirementText(requirement) }))];
}

function unmetRequirements(
  { matchExpressions = [], matchFields = [] }: NodeSelectorTerm,
  { node }: NodeInfo,
): readonly NodeSelectorRequirement[] {
  const meets = (term: NodeSelectorTerm): boolean =>
    new CompiledNodeSelector({ nodeSelectorTerms: [term] }).matches(node!);
  return [
    ...matchExpressions.filter((one) => !meets({ matchExpressions: [one] })),
    ...matchFields.filter((one) => !meets({ matchFields: [one] })),
  ];
}

function requirementText({ key, operator, values = [] }: NodeSelectorRequirement): string {
  const what = key === "metadata.name" ? key : `label ${key}`;
  return `${what} ${operator}${values.length === 0 ? "" : ` (${values.join(", ")})`}`;
}

function takenPorts(pod: PodInfo, node: NodeInfo): readonly Missing[] {
  return pod.hostPorts
    .filter((port) => !hasFreePorts({ ...pod, hostPorts: [port] }, node))
    .map(({ port, protocol }) => ({ what: `host port ${port}/${protocol} free` }));
}
