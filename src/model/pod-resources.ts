import type { Quantity } from "./object-meta.ts";
import {
  type Arithmetic,
  type PodWithResources,
  type TotalsOptions,
  totalLimits,
  totalRequests,
} from "./pod-resource-totals.ts";
import { milliValue, value } from "./quantity.ts";
import { type Amount, addAmounts, compareAmounts, formatAmount, parseAmount } from "./quantity-amount.ts";

/** Totals of a pod as integers; a resource that is not named counts as 0. */
export interface PodResources {
  readonly cpuMillicores: number;
  readonly memoryBytes: number;
  readonly ephemeralBytes: number;
  /** Everything else by name: extended resources in pieces, huge pages in bytes. */
  readonly scalars: ReadonlyMap<string, number>;
  /** Every resource that is named, cpu in millicores: tells a limit of 0 from none. */
  readonly all: ReadonlyMap<string, number>;
}

/** cpu counts in millicores, every other resource in its unit; both round up. */
export function resourceValue(resource: string, text: Quantity): number {
  return resource === "cpu" ? milliValue(text) : value(text);
}

const numbers: Arithmetic<number> = {
  parse: resourceValue,
  add: (left, right) => left + right,
  less: (left, right) => left < right,
  isZero: (number) => number === 0,
};

const amounts: Arithmetic<Amount> = {
  parse: (_resource, text) => parseAmount(text),
  add: addAmounts,
  less: (left, right) => compareAmounts(left, right) < 0,
  isZero: ({ mantissa }) => mantissa === 0n,
};

interface MemoizedTotals {
  readonly spec: PodWithResources["spec"];
  readonly requests: PodResources;
  readonly limits: PodResources;
}

/** Pods of a template share their frozen container lists, so the sum is made once per template. A memo of a pure function. */
const totalsOfContainers = new WeakMap<object, MemoizedTotals>();

function totalsOf({ spec }: PodWithResources): MemoizedTotals {
  const containers = spec.containers;
  const known = containers === undefined ? undefined : totalsOfContainers.get(containers);
  if (known !== undefined && sameResources(known.spec, spec)) return known;
  const totals = {
    spec,
    requests: asPodResources(totalRequests({ spec }, numbers)),
    limits: asPodResources(totalLimits({ spec }, numbers)),
  };
  if (containers !== undefined && Object.isFrozen(containers)) totalsOfContainers.set(containers, totals);
  return totals;
}

const sameResources = (left: PodWithResources["spec"], right: PodWithResources["spec"]): boolean =>
  left.initContainers === right.initContainers &&
  left.overhead === right.overhead &&
  left.resources === right.resources;

function asPodResources(all: ReadonlyMap<string, number>): PodResources {
  const scalars = new Map<string, number>();
  for (const [name, amount] of all) {
    if (name !== "cpu" && name !== "memory" && name !== "ephemeral-storage") scalars.set(name, amount);
  }
  return {
    cpuMillicores: all.get("cpu") ?? 0,
    memoryBytes: all.get("memory") ?? 0,
    ephemeralBytes: all.get("ephemeral-storage") ?? 0,
    scalars,
    all,
  };
}

/** What the pod requests, overhead included, as kube-scheduler counts it. Memoised for frozen specs. */
export function podRequests(pod: PodWithResources): PodResources {
  return totalsOf(pod).requests;
}

/** The pod's limits; a resource without a limit is not in `all`. Memoised for frozen specs. */
export function podLimits(pod: PodWithResources): PodResources {
  return totalsOf(pod).limits;
}

/** Requests under other rules than the usual ones, not memoised. */
export function podRequestsWith(pod: PodWithResources, options: TotalsOptions): PodResources {
  return asPodResources(totalRequests(pod, numbers, options));
}

/** Requests as canonical quantities, in the format of the first that was added. */
export function podRequestList(pod: PodWithResources, options?: TotalsOptions): Record<string, Quantity> {
  return asList(totalRequests(pod, amounts, options));
}

export function podLimitList(pod: PodWithResources, options?: TotalsOptions): Record<string, Quantity> {
  return asList(totalLimits(pod, amounts, options));
}

function asList(totals: ReadonlyMap<string, Amount>): Record<string, Quantity> {
  return Object.fromEntries([...totals].map(([name, amount]) => [name, formatAmount(amount)]));
}
