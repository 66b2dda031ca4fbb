import { canonicalQuantity } from "./quantity.ts";
import { parseAmount, QuantityError } from "./quantity-amount.ts";

/** What the kubelet compares when a machine runs short; bytes, counts. */
export interface EvictionCandidate {
  readonly name: string;
  readonly priority: number;
  readonly memoryBytes: number;
  readonly memoryRequestBytes: number;
  readonly diskBytes: number;
  readonly ephemeralStorageRequestBytes: number;
  readonly processes: number;
  /** No usage is known: such a pod goes before those whose usage is. */
  readonly noStats?: boolean;
}

type Order<Candidate> = (left: Candidate, right: Candidate) => number;

/** The first is evicted first. Full ties keep the given order; upstream leaves them open. */
function ranked<Candidate>(candidates: readonly Candidate[], orders: readonly Order<Candidate>[]): Candidate[] {
  return [...candidates].sort((left, right) => {
    for (const order of orders) {
      const difference = order(left, right);
      if (difference !== 0) return difference;
    }
    return 0;
  });
}

const lowerPriorityFirst: Order<Pick<EvictionCandidate, "priority">> = (left, right) => left.priority - right.priority;

type MaybeUnknown = Pick<EvictionCandidate, "noStats">;

/** Pods without usage first; the order decides among the others. */
function withStatsLast<Candidate extends MaybeUnknown>(order: Order<Candidate>): Order<Candidate> {
  return (left, right) => {
    if (left.noStats !== true && right.noStats !== true) return order(left, right);
    return Number(right.noStats === true) - Number(left.noStats === true);
  };
}

function moreOverRequestFirst<Candidate extends MaybeUnknown>(
  usage: (candidate: Candidate) => number,
  request: (candidate: Candidate) => number,
): [exceeds: Order<Candidate>, excess: Order<Candidate>] {
  const over = (candidate: Candidate): number => usage(candidate) - request(candidate);
  return [
    withStatsLast((left, right) => Number(over(right) > 0) - Number(over(left) > 0)),
    withStatsLast((left, right) => over(right) - over(left)),
  ];
}

type MemoryCandidate = Pick<EvictionCandidate, "noStats" | "priority" | "memoryBytes" | "memoryRequestBytes">;

/** Memory pressure: those above their request, then low priority, then by how much they are above it. */
export function rankForMemory<Candidate extends MemoryCandidate>(candidates: readonly Candidate[]): Candidate[] {
  const [exceeds, excess] = moreOverRequestFirst<Candidate>(
    ({ memoryBytes }) => memoryBytes,
    ({ memoryRequestBytes }) => memoryRequestBytes,
  );
  return ranked(candidates, [exceeds, lowerPriorityFirst, excess]);
}

type DiskCandidate = Pick<EvictionCandidate, "noStats" | "priority" | "diskBytes" | "ephemeralStorageRequestBytes">;

/** Disk pressure: the same with writable layers, logs and local volumes. */
export function rankForDisk<Candidate extends DiskCandidate>(candidates: readonly Candidate[]): Candidate[] {
  const [exceeds, excess] = moreOverRequestFirst<Candidate>(
    ({ diskBytes }) => diskBytes,
    ({ ephemeralStorageRequestBytes }) => ephemeralStorageRequestBytes,
  );
  return ranked(candidates, [exceeds, lowerPriorityFirst, excess]);
}

type PidCandidate = Pick<EvictionCandidate, "noStats" | "priority" | "processes">;

/** Process pressure: low priority, then most processes. */
export function rankForPids<Candidate extends PidCandidate>(candidates: readonly Candidate[]): Candidate[] {
  return ranked(candidates, [lowerPriorityFirst, withStatsLast((left, right) => right.processes - left.processes)]);
}

/** A threshold: below this share of the capacity, or below this quantity. */
export interface EvictionThreshold {
  readonly signal: string;
  readonly percentage?: number;
  readonly quantity?: string;
}

const signals: ReadonlySet<string> = new Set([
  "memory.available",
  "allocatableMemory.available",
  "nodefs.available",
  "nodefs.inodesFree",
  "imagefs.available",
  "imagefs.inodesFree",
  "containerfs.available",
  "containerfs.inodesFree",
  "pid.available",
]);

export class EvictionConfigError extends Error {}

/** Thresholds of `evictionHard`, by signal; `0%` and `100%` switch one off. Throws `EvictionConfigError` with the kubelet's text. */
export function parseEvictionThresholds(config: Readonly<Record<string, string>>): EvictionThreshold[] {
  return Object.keys(config)
    .sort()
    .flatMap((signal) => parseThreshold(signal, config[signal]!) ?? []);
}

function parseThreshold(signal: string, text: string): EvictionThreshold | undefined {
  if (!signals.has(signal)) throw new EvictionConfigError(`unsupported eviction signal ${signal}`);
  if (text === "0%" || text === "100%") return undefined;
  if (text.endsWith("%")) {
    const percent = Number(text.slice(0, -1));
    if (Number.isNaN(percent)) {
      throw new EvictionConfigError(`strconv.ParseFloat: parsing ${JSON.stringify(text.slice(0, -1))}: invalid syntax`);
    }
    const complain = (bound: string): never => {
      throw new EvictionConfigError(`eviction percentage threshold ${signal} must be ${bound}: ${text}`);
    };
    if (percent < 0) complain(">= 0%");
    if (percent > 100) complain("<= 100%");
    return { signal, percentage: percent / 100 };
  }
  try {
    if (parseAmount(text).mantissa <= 0n) {
      throw new EvictionConfigError(`eviction threshold ${signal} must be positive: ${canonicalQuantity(text)}`);
    }
  } catch (error) {
    throw error instanceof QuantityError ? new EvictionConfigError(error.message) : error;
  }
  return { signal, quantity: canonicalQuantity(text) };
}
