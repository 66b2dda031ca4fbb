import { ClusterSnapshot } from "../../src/autoscaler/cluster-autoscaler/cluster-snapshot.ts";
import { DisruptionBudgets } from "../../src/autoscaler/cluster-autoscaler/disruption-budgets.ts";
import { drainabilityOf } from "../../src/autoscaler/cluster-autoscaler/drainability.ts";
import { estimate, nodeLimit } from "../../src/autoscaler/cluster-autoscaler/estimator.ts";
import { applyChain, filterOptions, type Market, type Option, priceOf, wasteOf } from "../../src/autoscaler/cluster-autoscaler/expanders.ts";
import { defaultOptions } from "../../src/autoscaler/cluster-autoscaler/options.ts";
import { utilizationOf } from "../../src/autoscaler/cluster-autoscaler/utilization.ts";
import { type KubeObject, type Node, type Pod, type PodDisruptionBudget, WallClock } from "../../src/model/index.ts";
import { groupsOf } from "../autoscaler/groups-of.ts";
import { firstDifference } from "./area.ts";
import { completed, startEpochUs } from "./cluster-autoscaler-world.ts";

const clock = new WallClock(startEpochUs);

export interface EstimatorCase {
  readonly id: string;
  readonly input: {
    readonly template: Node;
    readonly templatePods?: readonly Pod[];
    readonly pods: readonly Pod[];
    readonly existingNodes?: readonly Node[];
    readonly existingPods?: readonly Pod[];
    readonly nodeGroup: { readonly max: number; readonly target: number };
    readonly similarNodeGroups?: readonly { readonly max: number; readonly target: number }[];
    readonly maxNodesPerScaleUp: number;
    readonly maxNodesTotal: number;
    readonly currentNodeCount: number;
    readonly fastpathBinpacking?: boolean;
  };
  readonly expect: {
    readonly equivalenceGroups: readonly (readonly string[])[];
    readonly nodeCount: number;
    readonly scheduledPods: readonly string[] | null;
    readonly placement: Readonly<Record<string, readonly string[]>>;
  };
}

const nameOf = ({ metadata }: KubeObject): string => metadata.name;
const podOf = (pod: Pod): Pod => completed("Pod", pod);

export function checkEstimate({ input, expect }: EstimatorCase): string | undefined {
  const snapshot = new ClusterSnapshot([completed("Namespace", { metadata: { name: "default" } } as KubeObject)]);
  for (const node of input.existingNodes ?? []) {
    const pods = (input.existingPods ?? []).filter(({ spec }) => spec.nodeName === node.metadata.name);
    snapshot.addNode(completed("Node", node), pods.map(podOf));
  }
  const groups = groupsOf(input.pods.map(podOf));
  const room = [input.nodeGroup, ...(input.similarNodeGroups ?? [])].map(({ max, target }) => max - target);
  const { maxNodesPerScaleUp, maxNodesTotal, currentNodeCount: currentNodes } = input;
  const found = estimate({
    snapshot,
    template: { node: completed("Node", input.template), pods: (input.templatePods ?? []).map(podOf) },
    groups,
    maxNodes: nodeLimit({ maxNodesPerScaleUp, room, maxNodesTotal, currentNodes }),
    fastpath: input.fastpathBinpacking,
  });
  const placement: Record<string, string[]> = {};
  for (const [index, pod] of found.pods.entries()) {
    const place = found.places[index];
    if (place === undefined) continue;
    const added = found.newNodes.indexOf(place);
    (placement[added < 0 ? place : `new-${added}`] ??= []).push(nameOf(pod));
  }
  const sets = (places: Readonly<Record<string, readonly string[]>>): unknown =>
    Object.fromEntries(Object.entries(places).map(([place, pods]) => [place, [...pods].sort()]));
  return firstDifference(
    { ...expect, scheduledPods: expect.scheduledPods ?? [], placement: sets(expect.placement ?? {}) },
    {
      equivalenceGroups: groups.map(({ pods }) => pods.map(nameOf)),
      nodeCount: found.nodeCount,
      scheduledPods: found.pods.map(nameOf),
      placement: sets(placement),
    },
  );
}

interface RecordedOption {
  readonly nodeGroup: string;
  readonly nodeCount: number;
  readonly podCount: number;
  readonly podCpuMilli: number;
  readonly podMemoryMi: number;
  readonly nodeCapacityCpuMilli: number;
  readonly nodeCapacityMemoryMi: number;
  readonly hasGpu: boolean;
  readonly pricePerHour: number;
}

const filters = ["most-pods", "least-waste", "least-nodes", "price", "priority"] as const;

export interface ExpanderCase {
  readonly id: string;
  readonly input: { readonly options: readonly RecordedOption[]; readonly priorities: string; readonly clusterNodeCount: number };
  readonly expect: Readonly<Record<(typeof filters)[number], readonly string[]>> & {
    readonly chain: { readonly expanders: readonly string[]; readonly candidates: readonly string[] };
    readonly scores: readonly { readonly nodeGroup: string; readonly leastWaste: number; readonly price: string }[];
    readonly priorityEvents: readonly string[] | null;
  };
}

export function checkExpanders({ input, expect }: ExpanderCase): string | undefined {
  const options = input.options.map(optionOf);
  const complaints = new Set<string>();
  const market: Market = {
    nodeCount: input.clusterNodeCount,
    priorities: input.priorities,
    complain: (reason) => void complaints.add(reason),
  };
  const ids = (left: readonly Option[]): string[] => left.map(({ group }) => group.spec.id).sort();
  for (const name of filters) {
    const difference = firstDifference([...expect[name]].sort(), ids(filterOptions(name, options, market)), `$.${name}`);
    if (difference !== undefined) return difference;
  }
  const events = firstDifference([...(expect.priorityEvents ?? [])].sort(), [...complaints].sort(), "$.priorityEvents");
  if (events !== undefined) return events;
  const { expanders, candidates } = expect.chain;
  const chain = firstDifference([...candidates].sort(), ids(applyChain(expanders, options, market)), "$.chain");
  if (chain !== undefined) return chain;
  for (const { nodeGroup, leastWaste, price } of expect.scores) {
    const option = options.find(({ group }) => group.spec.id === nodeGroup)!;
    const waste = wasteOf(option);
    if (Math.abs(waste - leastWaste) > 1e-12) return `$.scores.${nodeGroup}: expected ${leastWaste}, got ${waste}`;
    const { nodes, pods, ratio, unfitness, suppressed, score } = priceOf(option, input.clusterNodeCount)!;
    const named = { all_nodes_price: nodes, pods_price: pods, stabilized_ratio: ratio, unfitness, suppressed, final_score: score };
    const text = Object.entries(named).map(([name, value]) => `${name}=${value.toFixed(6)}`);
    const difference = firstDifference(price, text.join(" "), `$.scores.${nodeGroup}`);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function optionOf(recorded: RecordedOption): Option {
  const requests = { cpu: `${recorded.podCpuMilli}m`, memory: `${recorded.podMemoryMi}Mi` };
  const pod = { metadata: {}, spec: { containers: [{ name: "c", resources: { requests } }] }, status: {} } as unknown as Pod;
  const { nodeGroup: id, pricePerHour, nodeCount, hasGpu } = recorded;
  return {
    group: { spec: { id, template: {} as Node, pricePerHour }, min: 0, max: 1000, target: 0, instances: [] },
    nodeCount,
    pods: Array.from({ length: recorded.podCount }, () => pod),
    requested: {
      cpuMillicores: recorded.podCount * recorded.podCpuMilli,
      memoryBytes: recorded.podCount * recorded.podMemoryMi * 1_048_576,
    },
    similar: [],
    capacity: {
      cpuMillicores: recorded.nodeCapacityCpuMilli,
      memoryBytes: recorded.nodeCapacityMemoryMi * 1_048_576,
    },
    hasGpu,
  };
}

export interface UtilizationCase {
  readonly id: string;
  readonly input: { readonly node: Node; readonly pods?: readonly Pod[]; readonly now: string };
  readonly expect: readonly {
    readonly cpu: number;
    readonly memory: number;
    readonly gpu: number;
    readonly resource: string;
    readonly utilization: number;
    readonly error?: string;
    readonly ignoreDaemonSets: boolean;
    readonly ignoreMirrorPods: boolean;
  }[];
}

export function checkUtilization({ input, expect }: UtilizationCase): string | undefined {
  const node = completed("Node", input.node);
  const pods = (input.pods ?? []).map(podOf);
  for (const [index, wanted] of expect.entries()) {
    const options = {
      ignoreDaemonSetsUtilization: wanted.ignoreDaemonSets,
      ignoreMirrorPodsUtilization: wanted.ignoreMirrorPods,
    };
    const found = utilizationOf(node, pods, options, clock, clock.instantUs(input.now));
    if (typeof found === "string" || wanted.error !== undefined) {
      if (found !== wanted.error) return `$[${index}].error: expected ${wanted.error}, got ${JSON.stringify(found)}`;
      continue;
    }
    if (found.resource !== wanted.resource) return `$[${index}].resource: expected ${wanted.resource}, got ${found.resource}`;
    for (const name of ["cpu", "memory", "gpu", "utilization"] as const) {
      const [left, right] = [wanted[name], found[name]];
      if (left !== right && !(Math.abs(left - right) <= 1e-12)) return `$[${index}].${name}: expected ${left}, got ${right}`;
    }
  }
  return undefined;
}

export interface DrainabilityCase {
  readonly id: string;
  readonly input: {
    readonly pod: Pod;
    readonly now: string;
    readonly bReplicas?: number;
    readonly podDisruptionBudgets?: readonly PodDisruptionBudget[];
  };
  readonly expect: Readonly<Record<"default" | "permissive" | "min-replica-2", { readonly outcome: string; readonly reason?: string }>>;
}

/** The option sets of the recording. */
const optionSets = {
  default: defaultOptions.drainability,
  permissive: {
    ...defaultOptions.drainability,
    skipNodesWithSystemPods: false,
    skipNodesWithLocalStorage: false,
    skipNodesWithCustomControllerPods: false,
  },
  "min-replica-2": { ...defaultOptions.drainability, minReplicaCount: 2 },
};

export function checkDrainability({ input, expect }: DrainabilityCase): string | undefined {
  const replicas: Readonly<Record<string, number>> = {
    "ReplicaSet/a": 3,
    "ReplicaSet/b": input.bReplicas ?? 3,
    "DaemonSet/d": 0,
    "StatefulSet/s": 0,
    "Job/j": 0,
    "ReplicationController/rc": 3,
  };
  for (const name of ["default", "permissive", "min-replica-2"] as const) {
    const found = drainabilityOf(podOf(input.pod), {
      options: optionSets[name],
      replicasOf: (kind, _namespace, controller) => replicas[`${kind}/${controller}`],
      budgets: new DisruptionBudgets(input.podDisruptionBudgets ?? []),
      clock,
      nowUs: clock.instantUs(input.now),
    });
    const difference = firstDifference(expect[name], found, `$.${name}`);
    if (difference !== undefined) return difference;
  }
  return undefined;
}
