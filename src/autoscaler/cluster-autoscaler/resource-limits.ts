import { milliValue, type Node, value } from "../../model/index.ts";
import type { AutoscalingOptions } from "./options.ts";

/** Cores and memory of a node's capacity, in whole cores as upstream counts them. */
export function sizeOf(node: Node): { readonly cores: number; readonly memoryBytes: number } {
  const capacity = node.status.capacity ?? {};
  return { cores: Math.ceil(milliValue(capacity["cpu"] ?? "0") / 1000), memoryBytes: value(capacity["memory"] ?? "0") };
}

/** Cluster-wide room above (`max`) or below (`min`) what there is: `--cores-total` and `--memory-total`. */
export class ResourceRoom {
  #cores: number;
  #memoryBytes: number;

  constructor(cores: number, memoryBytes: number) {
    this.#cores = cores;
    this.#memoryBytes = memoryBytes;
  }

  static upTo(options: AutoscalingOptions, nodes: Iterable<Node>): ResourceRoom {
    const total = totalOf(nodes);
    return new ResourceRoom(options.maxCoresTotal - total.cores, options.maxMemoryTotalBytes - total.memoryBytes);
  }

  static downTo(options: AutoscalingOptions, nodes: Iterable<Node>): ResourceRoom {
    const total = totalOf(nodes);
    return new ResourceRoom(total.cores - options.minCoresTotal, total.memoryBytes - options.minMemoryTotalBytes);
  }

  /** Resources that do not suffice for so many nodes. */
  exceededBy(node: Node, count: number): string[] {
    const { cores, memoryBytes } = sizeOf(node);
    const exceeded: string[] = [];
    if (cores * count > this.#cores) exceeded.push("cpu");
    if (memoryBytes * count > this.#memoryBytes) exceeded.push("memory");
    return exceeded;
  }

  /** How many of `count` such nodes there is room for. */
  allowed(node: Node, count: number): number {
    const { cores, memoryBytes } = sizeOf(node);
    let allowed = count;
    if (cores > 0) allowed = Math.min(allowed, Math.floor(this.#cores / cores));
    if (memoryBytes > 0) allowed = Math.min(allowed, Math.floor(this.#memoryBytes / memoryBytes));
    return Math.max(0, allowed);
  }

  take(node: Node): void {
    const { cores, memoryBytes } = sizeOf(node);
    this.#cores -= cores;
    this.#memoryBytes -= memoryBytes;
  }
}

function totalOf(nodes: Iterable<Node>): { readonly cores: number; readonly memoryBytes: number } {
  let cores = 0;
  let memoryBytes = 0;
  for (const node of nodes) {
    const size = sizeOf(node);
    cores += size.cores;
    memoryBytes += size.memoryBytes;
  }
  return { cores, memoryBytes };
}
