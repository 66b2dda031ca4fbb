import type { RandomStream } from "../sim/index.ts";
import type { Machine } from "../world/index.ts";
import type { NodePool } from "./node-pool.ts";
import type { CloudReply, GroupListing, InstanceError, InstanceListing } from "./provider-calls.ts";

/** A node pool as the provider keeps it. */
export interface MachineGroup {
  readonly pool: NodePool;
  readonly random: RandomStream;
  min: number;
  max: number;
  target: number;
  launched: number;
  /** Asked for and not billed yet. */
  readonly pending: Set<string>;
  /** Asked for, and could not be launched. */
  readonly failed: Map<string, InstanceError>;
  /** Machines of the warm pool that stand by. */
  warm: number;
  readonly machines: Machine[];
  readonly deleting: Set<string>;
}

export function machineGroup(pool: NodePool, random: RandomStream): MachineGroup {
  return {
    pool,
    random,
    min: pool.min,
    max: pool.max,
    target: pool.initial,
    launched: 0,
    warm: pool.warmPool?.size ?? 0,
    pending: new Set(),
    failed: new Map(),
    machines: [],
    deleting: new Set(),
  };
}

/** Instances that exist are deleted by name, never by wishing for fewer. */
export function decreaseTarget(group: MachineGroup, delta: number): CloudReply {
  const existing = group.machines.length - group.deleting.size + group.pending.size + group.failed.size;
  if (group.target - delta < existing) {
    const sizes = `targetSize: ${group.target} delta: ${delta} existingNodes: ${existing}`;
    return { ok: false, error: `attempt to delete existing nodes ${sizes}` };
  }
  group.target -= delta;
  return { ok: true };
}

/** What an auto-scaling group would give up: of the zone with the most machines the oldest, what is not there yet before all. */
export function surplus({ pool, machines, deleting, pending, failed }: MachineGroup, count: number): string[] {
  const staying = machines.filter(({ spec }) => !deleting.has(spec.name));
  const victims = [...failed.keys(), ...pending].slice(0, count);
  while (victims.length < count && staying.length > 0) {
    const inZone = (zone: string): number => staying.filter(({ spec }) => spec.zone === zone).length;
    const fullest = [...pool.zones].sort(
      (a, b) => inZone(b) - inZone(a) || pool.zones.indexOf(a) - pool.zones.indexOf(b),
    );
    const at = staying.findIndex(({ spec }) => spec.zone === fullest[0]);
    victims.push(staying.splice(at, 1)[0]!.spec.name);
  }
  return victims;
}

/** The group as the provider lists it. */
export function listing({ pool, min, max, target, machines, pending, failed, deleting }: MachineGroup): GroupListing {
  const creating = [...pending].map((name): InstanceListing => ({ name, state: "creating" }));
  for (const [name, error] of failed) creating.push({ name, state: "creating", error });
  const bought = machines.map(
    ({ spec }): InstanceListing => ({
      name: spec.name,
      state: deleting.has(spec.name) ? "deleting" : "running",
    }),
  );
  return { name: pool.name, min, max, target, instances: [...bought, ...creating] };
}
