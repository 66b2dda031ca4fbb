import { callApi, type Task } from "../../../client/index.ts";
import { keyOf, type Pod } from "../../../model/index.ts";
import { definePlugin, type Plugin, type PluginDefinition } from "../../framework/plugin.ts";
import { schedulerClient } from "../../framework/scheduler-client.ts";
import { failure, type Status, unschedulable } from "../../framework/status.ts";
import type { NodeInfo } from "../../snapshot/node-info.ts";
import type { PodInfo } from "../../snapshot/pod-info.ts";
import { gpuDevicesOf } from "./gpu-devices.ts";
import { type GpuRequest, gpuIndex, gpuRequestOf, wholeGpu } from "./gpu-request.ts";

const noRoom = unschedulable("Insufficient gpu");

/** How a policy prefers machines, and GPUs within one. */
interface GpuPolicy extends Pick<Plugin, "preScore"> {
  /** 0 to 100: how good the machine is; `left`: thousandths left of each of its GPUs. */
  score(request: GpuRequest, pod: PodInfo, node: NodeInfo, left: readonly number[]): number;
  /** Of the GPUs on which the part fits, the one to take; the pod counts on the node already. Default: that with least left. */
  choose?(fitting: readonly number[], request: GpuRequest, node: NodeInfo, left: readonly number[]): number;
}

interface GpuPluginOptions<Args> {
  readonly name: string;
  /** Default: all answers. */
  readonly looksAtOneNode?: PluginDefinition["looksAtOneNode"];
  create(args: Args, random: () => number): GpuPolicy;
}

/**
 * A plugin that shares GPUs out: fits pods on whole or partly used ones, prefers machines by a policy, and writes the GPU's index
 * to the pod before it is bound, as the gpushare schedulers do.
 */
export function gpuPlugin<Args>({
  name,
  looksAtOneNode = "filter and score",
  create,
}: GpuPluginOptions<Args>): PluginDefinition {
  return definePlugin<Args>({
    name,
    looksAtOneNode,
    create: (args, handle) => {
      const devices = gpuDevicesOf(handle.snapshot);
      const policy = create(args, handle.random);
      return {
        name,
        ...(policy.preScore && { preScore: policy.preScore }),
        filter: (_state, pod, node) => (fits(gpuRequestOf(pod), devices.left(node)) ? undefined : noRoom),
        score: (_state, pod, node) => policy.score(gpuRequestOf(pod), pod, node, devices.left(node)),
        reserve: (_state, pod, nodeName) => {
          const request = gpuRequestOf(pod);
          if (request.count === 0) return undefined;
          const node = handle.snapshot.node(nodeName);
          if (node === undefined) return failure(`node "${nodeName}" not found`);
          // The pod is assumed there already, but holds no GPU yet.
          devices.give(pod, node, chooseGpus(policy, request, node, devices.left(node)));
          return undefined;
        },
        unreserve: (_state, pod) => devices.takeBack(pod.key),
        preBind: (_state, pod) => {
          const gpus = devices.given(pod.key);
          return gpus === undefined ? undefined : annotate(pod.pod, gpus);
        },
        events: [
          { resource: "AssignedPod", actions: ["Delete"] },
          { resource: "Node", actions: ["Add", "UpdateNodeAllocatable"] },
        ],
      };
    },
  });
}

function fits({ count, milliEach }: GpuRequest, left: readonly number[]): boolean {
  if (count === 0) return true;
  let fitting = 0;
  for (const milli of left) if (milli >= milliEach) fitting++;
  return fitting >= count;
}

/** GPUs on which (each of) the pod's parts fits; a whole one must be idle. */
export function fittingGpus({ milliEach }: GpuRequest, left: readonly number[]): number[] {
  const fitting: number[] = [];
  for (let gpu = 0; gpu < left.length; gpu++) if (left[gpu]! >= milliEach) fitting.push(gpu);
  return fitting;
}

function chooseGpus(
  policy: GpuPolicy,
  request: GpuRequest,
  node: NodeInfo,
  left: readonly number[],
): readonly number[] {
  const fitting = fittingGpus(request, left);
  if (request.milliEach === wholeGpu) return fitting.slice(0, request.count);
  return [policy.choose?.(fitting, request, node, left) ?? leastLeft(fitting, left)];
}

export function leastLeft(fitting: readonly number[], left: readonly number[]): number {
  let best = fitting[0]!;
  for (const gpu of fitting) if (left[gpu]! < left[best]!) best = gpu;
  return best;
}

function* annotate(pod: Pod, gpus: readonly number[]): Task<Status | undefined> {
  const change = (stored: Pod): Pod => ({
    ...stored,
    metadata: { ...stored.metadata, annotations: { ...stored.metadata.annotations, [gpuIndex]: gpus.join("-") } },
  });
  const { uid } = pod.metadata;
  const request = { verb: "patch", kind: "Pod", key: keyOf(pod), uid, part: "main", change } as const;
  const reply = yield* callApi(schedulerClient, request);
  return reply.ok ? undefined : failure(reply.error.message);
}
