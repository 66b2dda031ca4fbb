import type { Node, PodSpec } from "../../model/index.ts";
import { gpuCount, gpuMilli, gpuModel, type TypicalPod } from "../../scheduler/index.ts";
import type { OpenbNode, OpenbPod } from "./trace.ts";

/** The machine as a Node with nothing on it. */
export function openbNode({ name, cpuMillicores, memoryMib, gpus, model }: OpenbNode): Node {
  const allocatable = { cpu: `${cpuMillicores}m`, memory: `${memoryMib}Mi`, pods: "110", [gpuCount]: String(gpus) };
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, labels: { "kubernetes.io/hostname": name, [gpuModel]: model } },
    spec: {},
    status: { allocatable, capacity: allocatable },
  } as unknown as Node;
}

/** What the pod asks for: GPUs as extended resources, their models as node affinity. */
export function openbPodSpec({ cpuMillicores, memoryMib, gpus, gpuMilli: milli, models }: OpenbPod): PodSpec {
  const resources = {
    cpu: `${cpuMillicores}m`,
    memory: `${memoryMib}Mi`,
    ...(gpus > 0 && { [gpuCount]: String(gpus), [gpuMilli]: String(milli) }),
  };
  const matchExpressions = [{ key: gpuModel, operator: "In", values: models }];
  const required = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions }] } };
  return {
    restartPolicy: "Never",
    ...(models.length > 0 && { affinity: { nodeAffinity: required } }),
    containers: [{ name: "main", image: "openb:1", resources: { requests: resources, limits: resources } }],
  } as PodSpec;
}

/** So much of the list the typical mix covers. */
const covered = 0.95;

/** The most popular classes of pods, until they cover 95 % of the list; shares among themselves. */
export function typicalMix(pods: readonly OpenbPod[]): TypicalPod[] {
  const counts = new Map<string, { readonly pod: OpenbPod; count: number }>();
  for (const pod of pods) {
    const key = [pod.cpuMillicores, pod.gpus, pod.gpuMilli, ...pod.models].join("/");
    const known = counts.get(key);
    if (known === undefined) counts.set(key, { pod, count: 1 });
    else known.count += 1;
  }
  const popular = [...counts.values()].sort((left, right) => right.count - left.count);
  let seen = 0;
  const mix = popular.filter(({ count }) => {
    if (seen >= covered * pods.length) return false;
    seen += count;
    return true;
  });
  return mix.map(({ pod, count }) => ({
    cpuMillicores: pod.cpuMillicores,
    gpuCount: pod.gpus,
    gpuMilli: pod.gpus === 0 ? 0 : pod.gpuMilli,
    ...(pod.models.length > 0 && { models: pod.models }),
    share: count / seen,
  }));
}

/** Names of the six placement policies, in the literature's order. */
export const openbPolicies = ["Random", "DotProd", "GpuClustering", "GpuPacking", "BestFit", "FGD"] as const;

export type OpenbPolicy = (typeof openbPolicies)[number];

/** The filters stay, one policy alone decides, every machine is looked at, and nobody is preempted. */
export function openbConfiguration(policy: OpenbPolicy, mix: readonly TypicalPod[]): object {
  const all = [{ name: "*" }];
  const alone = { disabled: all, enabled: [{ name: policy, weight: 1000 }] };
  return {
    apiVersion: "kubescheduler.config.k8s.io/v1",
    kind: "KubeSchedulerConfiguration",
    percentageOfNodesToScore: 100,
    profiles: [
      {
        plugins: {
          multiPoint: { enabled: [{ name: policy }] },
          postFilter: { disabled: all },
          preScore: policy === "Random" ? { disabled: all, enabled: [{ name: policy }] } : { disabled: all },
          score: alone,
        },
        pluginConfig: [
          { name: "NodeResourcesFit", args: { ignoredResourceGroups: [gpuCount.split("/")[0]] } },
          ...(policy === "FGD" ? [{ name: policy, args: { typicalPods: mix } }] : []),
        ],
      },
    ],
  };
}
