import { stringify } from "yaml";
import { gpuCount, gpuModel } from "../../scheduler/index.ts";
import { type OpenbPolicy, openbConfiguration, openbPodSpec, openbPolicies, typicalMix } from "./objects.ts";
import type { OpenbNode, OpenbPod } from "./trace.ts";

/** Before this instant the trace holds 22 pods in 112 days; from here on, 8,130 in 37. */
const busySeconds = 9_676_800;

interface ReplayOptions {
  /** Pods come so many times faster than they did; they run as long. */
  readonly speed: number;
  readonly policy: OpenbPolicy;
}

/** The trace as a replay in time: files by name. At speed 1 it would never hold more than 56 pods, 0.6 % of the machines. */
export function openbReplayFiles(
  nodes: readonly OpenbNode[],
  pods: readonly OpenbPod[],
  { speed, policy }: ReplayOptions,
): ReadonlyMap<string, string> {
  const mix = typicalMix(pods);
  const traced = pods
    .filter(({ createdSeconds }) => createdSeconds >= busySeconds)
    .sort((left, right) => left.createdSeconds - right.createdSeconds);
  const first = traced[0]?.createdSeconds ?? 0;
  const lines = traced.map((pod) => ({
    at: Number(((pod.createdSeconds - first) / speed).toFixed(3)),
    run: pod.deletedSeconds - pod.createdSeconds,
    name: pod.name,
    spec: openbPodSpec(pod),
  }));
  const lastArrival = lines[lines.length - 1]?.at ?? 0;
  const scenario = {
    apiVersion: "seatrial.io/v1alpha1",
    kind: "Scenario",
    metadata: { name: "openb-replay" },
    spec: {
      question: `How does ${policy} place the openb trace, ${speed} times faster than it happened?`,
      duration: `${Math.ceil(lastArrival) + 3600}s`,
      cluster: {
        nodePools: nodePools(nodes),
        kubeControllerManager: { "kube-api-qps": 200, "kube-api-burst": 300 },
        scheduler: { config: `policies/${policy}.yaml`, "kube-api-qps": 500, "kube-api-burst": 1000 },
      },
      podTrace: "pods.ndjson",
    },
  };
  const head = "# Made by `seatrial import openb`; the trace is Alibaba's (Weng et al., USENIX ATC'23)\n";
  return new Map([
    ["scenario.yaml", head + stringify(scenario)],
    ["pods.ndjson", lines.map((one) => `${JSON.stringify(one)}\n`).join("")],
    ...openbPolicies.map((name) => [`policies/${name}.yaml`, stringify(openbConfiguration(name, mix))] as const),
  ]);
}

/** Machines of one shape are one pool. */
function nodePools(nodes: readonly OpenbNode[]): object[] {
  const shapes = new Map<string, { readonly node: OpenbNode; count: number }>();
  for (const node of nodes) {
    const key = [node.cpuMillicores, node.memoryMib, node.gpus, node.model].join("/");
    const known = shapes.get(key);
    if (known === undefined) shapes.set(key, { node, count: 1 });
    else known.count += 1;
  }
  return [...shapes.values()].map(({ node, count }, index) => ({
    name: `${node.model === "" ? "cpu" : node.model.toLowerCase()}-${index}`,
    machine: {
      cpu: `${node.cpuMillicores}m`,
      memory: `${node.memoryMib}Mi`,
      ...(node.gpus > 0 && { resources: { [gpuCount]: String(node.gpus) } }),
    },
    min: count,
    labels: { [gpuModel]: node.model },
  }));
}
