import { type EvictionThreshold, value } from "../model/index.ts";

/** What of a machine the kubelet measures, in bytes and counts. */
export interface NodeStats {
  readonly memoryCapacity: number;
  readonly memoryWorkingSet: number;
  readonly nodeFsCapacity: number;
  readonly nodeFsAvailable: number;
  readonly nodeFsInodes: number;
  readonly nodeFsInodesFree: number;
  /** A file system of its own for images; absent: they lie on the node's. */
  readonly imageFs?: {
    readonly capacity: number;
    readonly available: number;
    readonly inodes: number;
    readonly inodesFree: number;
  };
  readonly maxPids: number;
  readonly pids: number;
}

export interface Observation {
  readonly capacity: number;
  readonly available: number;
}

/** A threshold as the eviction manager uses it. */
export interface Threshold extends EvictionThreshold {
  readonly hard: boolean;
  /** A soft one counts after this long, in microseconds. */
  readonly graceUs: number;
  /** Once met, it is over only above threshold and this. */
  readonly minReclaim: string | undefined;
}

const signalOrder = [
  "nodefs.available",
  "nodefs.inodesFree",
  "imagefs.available",
  "imagefs.inodesFree",
  "pid.available",
];

/** Which of several is answered first: memory, the last named first (upstream's sort turns them round), then the others. */
export function inOrderOfAnswer(thresholds: readonly Threshold[]): Threshold[] {
  const memory = thresholds.filter(({ signal }) => resourceOf(signal) === "memory").reverse();
  const others = thresholds.filter(({ signal }) => resourceOf(signal) !== "memory");
  others.sort((left, right) => signalOrder.indexOf(left.signal) - signalOrder.indexOf(right.signal));
  return [...memory, ...others];
}

export function observations(stats: NodeStats): ReadonlyMap<string, Observation> {
  const { imageFs } = stats;
  const nodeFs = { capacity: stats.nodeFsCapacity, available: stats.nodeFsAvailable };
  const nodeInodes = { capacity: stats.nodeFsInodes, available: stats.nodeFsInodesFree };
  return new Map([
    ["memory.available", { capacity: stats.memoryCapacity, available: stats.memoryCapacity - stats.memoryWorkingSet }],
    ["nodefs.available", nodeFs],
    ["nodefs.inodesFree", nodeInodes],
    ["imagefs.available", imageFs ?? nodeFs],
    [
      "imagefs.inodesFree",
      imageFs === undefined ? nodeInodes : { capacity: imageFs.inodes, available: imageFs.inodesFree },
    ],
    ["pid.available", { capacity: stats.maxPids, available: stats.maxPids - stats.pids }],
  ]);
}

/** The threshold's amount on this machine. A share is a 32-bit float, as upstream keeps it. */
export function thresholdAmount({ percentage, quantity }: EvictionThreshold, capacity: number): number {
  if (percentage === undefined) return value(quantity ?? "0");
  return Math.trunc(capacity * Math.fround(percentage));
}

/** Whether it is met; `withReclaim`: it was already, and its minimum reclaim counts too. */
export function isMet(threshold: Threshold, seen: ReadonlyMap<string, Observation>, withReclaim: boolean): boolean {
  const observed = seen.get(threshold.signal);
  if (observed === undefined) return false;
  let amount = thresholdAmount(threshold, observed.capacity);
  if (withReclaim) amount += reclaimAmount(threshold, observed.capacity);
  return observed.available < amount;
}

/** `evictionMinimumReclaim` on a machine of that capacity; 0 without one. */
export function reclaimAmount({ minReclaim }: Threshold, capacity: number): number {
  if (minReclaim === undefined) return 0;
  return minReclaim.endsWith("%") ? Math.trunc((capacity * Number(minReclaim.slice(0, -1))) / 100) : value(minReclaim);
}

/** The node condition that a signal stands for. */
export function conditionOf(signal: string): "MemoryPressure" | "DiskPressure" | "PIDPressure" {
  if (signal.endsWith("emory.available")) return "MemoryPressure";
  return signal === "pid.available" ? "PIDPressure" : "DiskPressure";
}

/** What is reclaimed, in the words of events and messages. */
export function resourceOf(signal: string): "memory" | "ephemeral-storage" | "inodes" | "pids" {
  if (signal.endsWith("emory.available")) return "memory";
  if (signal === "pid.available") return "pids";
  return signal.endsWith("inodesFree") ? "inodes" : "ephemeral-storage";
}
