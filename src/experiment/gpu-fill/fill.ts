import { deepFreeze } from "../../apiserver/index.ts";
import type { Pod } from "../../model/index.ts";
import {
  type OpenbNode,
  type OpenbPod,
  type OpenbPolicy,
  openbConfiguration,
  openbNode,
  openbPodSpec,
  typicalMix,
} from "../../scenario/index.ts";
import {
  FastCycle,
  Framework,
  fragmentation,
  gpuDevicesOf,
  gpuModel,
  loadConfiguration,
  type NodeInfo,
  pluginRegistry,
  podInfo,
  Snapshot,
  type TypicalPod,
  WaitingPods,
} from "../../scheduler/index.ts";
import { type RandomStream, randomStreams } from "../../sim/index.ts";

/** Demand that arrives, as a share of the cluster's GPUs. */
const arrivingPercent = 130;
const wholeGpu = 1000;

/** Percentages of the cluster's GPU capacity, by whole percents of arrived demand from 0 on. */
export interface FillCurve {
  readonly allocated: readonly number[];
  readonly fragmented: readonly number[];
}

/** A cluster and the pods that are to fill it. */
export interface FillInput {
  readonly nodes: readonly OpenbNode[];
  readonly pods: readonly OpenbPod[];
}

/** Submits pods one after another until 130 % of the GPUs were asked for. Nobody leaves; what fits nowhere is dropped. */
export function fill({ nodes, pods }: FillInput, policy: OpenbPolicy, seed: string): FillCurve {
  const streams = randomStreams(seed);
  const capacity = nodes.reduce((sum, { gpus }) => sum + gpus * wholeGpu, 0);
  const mix = typicalMix(pods);
  const snapshot = new Snapshot();
  for (const node of nodes) snapshot.setNode(openbNode(node));
  const configuration = loadConfiguration(openbConfiguration(policy, mix));
  const random = streams("gpu-fill/policy");
  const surroundings = { waitingPods: new WaitingPods(), nowUs: () => 0, random };
  const framework = new Framework(configuration.profiles[0]!, pluginRegistry(), snapshot, surroundings);
  const cycle = new FastCycle(framework);
  const { percentageOfNodesToScore } = configuration;
  const scheduler = { nextStartNodeIndex: 0, percentageOfNodesToScore, random };
  const fragments = new Fragments(snapshot, mix);
  const curve = { allocated: [0], fragmented: [(100 * fragments.total) / capacity] };
  let [arrived, allocated] = [0, 0];
  const note = (percent: number): void => {
    while (curve.allocated.length <= percent) {
      curve.allocated.push((100 * allocated) / capacity);
      curve.fragmented.push((100 * fragments.total) / capacity);
    }
  };
  const specOf = specsByClass();
  for (const [index, pod] of arrivals(pods, capacity, streams("gpu-fill/arrivals")).entries()) {
    const info = podInfo(podNamed(`pod-${index}`, specOf(pod)));
    const decision = cycle.schedule(info, scheduler);
    arrived += demandOf(pod);
    if (decision.result === "scheduled") {
      snapshot.assume(info, decision.nodeName);
      framework.runReserve(decision.state, info, decision.nodeName);
      allocated += demandOf(pod);
      fragments.changed(snapshot.node(decision.nodeName)!);
    }
    note((100 * arrived) / capacity);
  }
  // The last copy would have overshot: less than one pod's demand is missing.
  note(arrivingPercent);
  return curve;
}

/** The list with uniformly drawn copies appended until the next one would overshoot, shuffled. */
function arrivals(pods: readonly OpenbPod[], capacity: number, random: RandomStream): OpenbPod[] {
  const tuned = [...pods];
  const draw = (below: number): number => Math.floor(random() * below);
  let demand = pods.reduce((sum, pod) => sum + demandOf(pod), 0);
  for (;;) {
    const copy = pods[draw(pods.length)]!;
    demand += demandOf(copy);
    if (demand > (capacity * arrivingPercent) / 100) break;
    tuned.push(copy);
  }
  for (let at = tuned.length - 1; at > 0; at--) {
    const other = draw(at + 1);
    [tuned[at], tuned[other]] = [tuned[other]!, tuned[at]!];
  }
  return tuned;
}

function demandOf({ gpus, gpuMilli }: OpenbPod): number {
  return gpus * gpuMilli;
}

/** Equal pods share one frozen spec, by which the scheduler knows them as equal. */
function specsByClass(): (pod: OpenbPod) => Pod["spec"] {
  const specs = new Map<string, Pod["spec"]>();
  return (pod) => {
    const key = [pod.cpuMillicores, pod.memoryMib, pod.gpus, pod.gpuMilli, ...pod.models].join("/");
    let spec = specs.get(key);
    if (spec === undefined) {
      spec = deepFreeze(openbPodSpec(pod));
      specs.set(key, spec);
    }
    return spec;
  };
}

function podNamed(name: string, spec: Pod["spec"]): Pod {
  const metadata = { name, namespace: "default", uid: name };
  return { apiVersion: "v1", kind: "Pod", metadata, spec, status: {} } as unknown as Pod;
}

/** The fragmentation of every machine, and its sum. */
class Fragments {
  total = 0;
  readonly #mix: readonly TypicalPod[];
  readonly #snapshot: Snapshot;
  readonly #byNode: Map<string, number> = new Map();

  constructor(snapshot: Snapshot, mix: readonly TypicalPod[]) {
    this.#snapshot = snapshot;
    this.#mix = mix;
    for (const node of snapshot.nodes) this.changed(node);
  }

  changed(node: NodeInfo): void {
    const cpuMillicores = node.allocatable.cpuMillicores - node.requestedCpuMillicores;
    const gpus = gpuDevicesOf(this.#snapshot).left(node);
    const now = fragmentation(this.#mix, { cpuMillicores, model: node.labels[gpuModel] ?? "", gpus });
    this.total += now - (this.#byNode.get(node.name) ?? 0);
    this.#byNode.set(node.name, now);
  }
}
