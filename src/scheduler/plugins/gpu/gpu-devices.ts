import type { NodeInfo } from "../../snapshot/node-info.ts";
import type { PodInfo } from "../../snapshot/pod-info.ts";
import type { Snapshot, SnapshotObserver } from "../../snapshot/snapshot.ts";
import { gpuCount, gpuIndex, gpuRequestOf, wholeGpu } from "./gpu-request.ts";

/** Profiles of one scheduler share the devices of its snapshot. */
const devicesOf = new WeakMap<Snapshot, GpuDevices>();

export function gpuDevicesOf(snapshot: Snapshot): GpuDevices {
  let devices = devicesOf.get(snapshot);
  if (devices === undefined) {
    devices = new GpuDevices(snapshot);
    devicesOf.set(snapshot, devices);
  }
  return devices;
}

/** Which GPU of its node every pod holds, and what is left of each. */
class GpuDevices implements SnapshotObserver {
  /** Pods that have been given GPUs here and do not carry the annotation yet. */
  readonly #given: Map<string, readonly number[]> = new Map();
  readonly #leftBySlot: (readonly number[] | undefined)[] = [];

  constructor(snapshot: Snapshot) {
    snapshot.observe(this);
  }

  /** Thousandths left of each GPU of the node. */
  left(node: NodeInfo): readonly number[] {
    if (node.slot < 0) return this.#count(node);
    let left = this.#leftBySlot[node.slot];
    if (left === undefined) {
      left = this.#count(node);
      this.#leftBySlot[node.slot] = left;
    }
    return left;
  }

  give(pod: PodInfo, node: NodeInfo, gpus: readonly number[]): void {
    this.#given.set(pod.key, gpus);
    this.nodeChanged(node.slot);
  }

  takeBack(key: string): void {
    this.#given.delete(key);
  }

  given(key: string): readonly number[] | undefined {
    return this.#given.get(key);
  }

  podMoved({ key }: PodInfo, slot: number, sign: 1 | -1): void {
    if (sign < 0) this.#given.delete(key);
    this.nodeChanged(slot);
  }

  nodeChanged(slot: number): void {
    this.#leftBySlot[slot] = undefined;
  }

  podRenewed(): void {} // No status says anything of devices.

  nodesChanged(): void {
    this.#leftBySlot.length = 0;
  }

  #count(node: NodeInfo): readonly number[] {
    const left: number[] = new Array(node.allocatable.scalars.get(gpuCount) ?? 0).fill(wholeGpu);
    for (const pod of node.pods) {
      const request = gpuRequestOf(pod);
      if (request.count === 0) continue;
      for (const gpu of this.#given.get(pod.key) ?? annotated(pod) ?? []) left[gpu]! -= request.milliEach;
    }
    return left;
  }
}

function annotated({ pod }: PodInfo): readonly number[] | undefined {
  const text = pod.metadata.annotations?.[gpuIndex];
  return text === undefined || text === "" ? undefined : text.split("-").map(Number);
}
