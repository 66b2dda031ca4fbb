import type { MachineType } from "../world/index.ts";

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
  readonly taints: readonly { readonly key: string; readonly value?: string; readonly effect: string }[];
}
