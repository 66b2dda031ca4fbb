import type { Distribution } from "../sim/index.ts";
import type { MachineType } from "../world/index.ts";

/** Machines that were set up once and stand by, stopped: they start sooner than new ones. */
export interface WarmPool {
  /** How many stand by; one that is taken is replaced. */
  readonly size: number;
  /** From a granted start until the operating system runs, instead of `CloudDelays.vmInit`. */
  readonly start: Distribution;
  /** Of one that stands by, for its disk. */
  readonly microUsdPerHour: number;
}

/** A group of equal machines that grows and shrinks: an auto-scaling group, a managed node group. */
export interface NodePool {
  readonly name: string;
  readonly machineType: MachineType;
  readonly region: string;
  /** The group spreads over them, fewest machines first. */
  readonly zones: readonly string[];
  readonly min: number;
  readonly max: number;
  /** Machines at the start. */
  readonly initial: number;
  readonly labels: Readonly<Record<string, string>>;
  /** Spare capacity that the provider takes back when it needs it: so often an hour, each machine by its own luck. */
  readonly spot?: { readonly interruptionsPerHour: number };
  readonly warmPool?: WarmPool;
  readonly taints: readonly { readonly key: string; readonly value?: string; readonly effect: string }[];
}
