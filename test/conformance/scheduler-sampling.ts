import type { Affinity, Node, Pod } from "../../src/model/index.ts";
import {
  definePlugin,
  Framework,
  loadConfiguration,
  numFeasibleNodesToFind,
  pluginRegistry,
  podInfo,
  schedulePod,
  Snapshot,
} from "../../src/scheduler/index.ts";
import { type CaseResult, firstDifference } from "./area.ts";
import { completed } from "./scheduler-cluster.ts";

interface RecordedNode {
  readonly name: string;
  readonly zone?: string;
  readonly unschedulable?: boolean;
}

export interface Sampling {
  readonly numFeasibleNodesToFind: {
    readonly percentageOfNodesToScore: readonly number[];
    readonly rows: readonly { readonly nodes: number; readonly found: readonly number[] }[];
  };
  readonly nodeOrder: readonly {
    readonly name: string;
    readonly ops: readonly { readonly op: string; readonly node: string; readonly zone?: string }[];
    readonly order: readonly string[];
  }[];
  readonly rotation: readonly {
    readonly name: string;
    readonly nodes: readonly RecordedNode[];
    readonly percentageOfNodesToScore: number;
    readonly order: readonly string[];
    readonly steps: readonly {
      readonly pod: string;
      readonly affinity?: Affinity;
      readonly nodeSelector?: Readonly<Record<string, string>>;
      readonly startIndex: number;
      readonly examined: readonly string[];
      readonly feasible?: number;
      readonly evaluated?: number;
      readonly nextStartIndex: number;
      readonly message?: string;
    }[];
  }[];
}

export function* replaySampling(sampling: Sampling): Iterable<CaseResult> {
  const { percentageOfNodesToScore, rows } = sampling.numFeasibleNodesToFind;
  for (const { nodes, found } of rows) {
    const ours = percentageOfNodesToScore.map((percentage) => numFeasibleNodesToFind(nodes, percentage));
    yield result("numFeasibleNodesToFind", `${nodes} nodes`, firstDifference(found, ours));
  }
  for (const { name, ops, order } of sampling.nodeOrder) {
    const snapshot = new Snapshot();
    for (const { op, node, zone } of ops) {
      if (op === "remove") snapshot.removeNode(node);
      else snapshot.setNode(nodeOf({ name: node, ...(zone === undefined ? {} : { zone }) }));
    }
    yield result("nodeOrder", name, firstDifference(order, snapshot.nodes.map((node) => node.name)));
  }
  for (const rotation of sampling.rotation) yield* replayRotation(rotation);
}

function result(group: string, id: string, difference: string | undefined): CaseResult {
  return difference === undefined ? { group, id } : { group, id, difference };
}

/** A zone is written `region/zone`, or as the zone alone. */
function nodeOf({ name, zone, unschedulable }: RecordedNode): Node {
  const [region, ofRegion] = zone === undefined ? [] : zone.includes("/") ? zone.split("/") : ["", zone];
  const labels: Record<string, string> = { "kubernetes.io/hostname": name };
  if (region !== undefined && region !== "") labels["topology.kubernetes.io/region"] = region;
  if (ofRegion !== undefined && ofRegion !== "") labels["topology.kubernetes.io/zone"] = ofRegion;
  const node = { metadata: { name, labels }, spec: unschedulable === true ? { unschedulable } : {} };
  return completed("Node", { ...node, status: { allocatable: { cpu: "4", memory: "16Gi", pods: "110" } } }) as unknown as Node;
}

/** A filter that lets everything pass and notes what it saw: what is examined shows nowhere else. */
function witness(examined: string[]): ReturnType<typeof definePlugin> {
  return definePlugin({
    name: "Witness",
    create: () => ({ name: "Witness", filter: (_state, _pod, node) => void examined.push(node.name) }),
  });
}

function* replayRotation({ name, nodes, percentageOfNodesToScore, order, steps }: Sampling["rotation"][number]): Iterable<CaseResult> {
  const snapshot = new Snapshot();
  for (const node of nodes) snapshot.setNode(nodeOf(node));
  yield result("rotation", `${name} order`, firstDifference(order, snapshot.nodes.map((node) => node.name)));
  const examined: string[] = [];
  const { profiles } = loadConfiguration({
    apiVersion: "kubescheduler.config.k8s.io/v1",
    kind: "KubeSchedulerConfiguration",
    profiles: [{ plugins: { filter: { enabled: [{ name: "Witness" }, { name: "NodeUnschedulable" }] }, multiPoint: { enabled: [{ name: "Witness" }] } } }],
  });
  const framework = new Framework(profiles[0]!, pluginRegistry([witness(examined)]), snapshot);
  const scheduler = { nextStartNodeIndex: 0, percentageOfNodesToScore, random: () => 0 };
  for (const step of steps) {
    examined.length = 0;
    const startIndex = scheduler.nextStartNodeIndex;
    const spec = { containers: [{ name: "c", image: "app:1" }], affinity: step.affinity, nodeSelector: step.nodeSelector };
    const pod = completed("Pod", { metadata: { name: step.pod, namespace: "default" }, spec }) as unknown as Pod;
    const decision = schedulePod(framework, podInfo(pod), scheduler);
    const ours = {
      startIndex,
      examined,
      feasible: decision.result === "scheduled" ? decision.feasible.length : undefined,
      evaluated: decision.result === "scheduled" ? decision.evaluatedNodes : undefined,
      nextStartIndex: scheduler.nextStartNodeIndex,
    };
    const { startIndex: start, feasible, evaluated, nextStartIndex } = step;
    const recorded = { startIndex: start, examined: step.examined, feasible, evaluated, nextStartIndex };
    yield result("rotation", `${name} ${step.pod}`, firstDifference(recorded, ours));
  }
}
