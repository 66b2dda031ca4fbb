import type { Machine, RunningContainer, RunningPod } from "../world/index.ts";

/**
 * `cpuWithinReach` of `world` for all pods of one machine: demands and weights are summed once, then every pod costs a
 * few additions. One object is used for machine after machine.
 */
export class MachineReach {
  #capacity = 0;
  #demand = 0;
  #weights = 0;
  #alive = false;

  /** Sums up a machine as it is now. */
  of(machine: Machine): this {
    this.#capacity = machine.spec.type.cpuMillicores;
    this.#alive = machine.alive;
    this.#demand = 0;
    this.#weights = 0;
    for (const pod of machine.pods) {
      for (const container of pod.containers) {
        const demand = demandOf(container);
        if (demand <= 0) continue;
        this.#demand += demand;
        this.#weights += container.limits.cpuShares;
      }
    }
    return this;
  }

  /** Millicores the pod's main container could have at most while all others keep demanding what they do. */
  millicores({ main }: RunningPod): number {
    if (!this.#alive) return 0;
    const own = demandOf(main);
    const others = this.#demand - own;
    const weights = own > 0 ? this.#weights : this.#weights + main.limits.cpuShares;
    const fairShare = Math.floor((this.#capacity * main.limits.cpuShares) / weights);
    const reach = Math.max(fairShare, this.#capacity - others);
    const limit = main.limits.cpuLimitMillicores;
    return limit > 0 ? Math.min(limit, reach) : reach;
  }
}

function demandOf({ running, cpuDemandMillicores, limits }: RunningContainer): number {
  if (!running) return 0;
  return limits.cpuLimitMillicores > 0 ? Math.min(cpuDemandMillicores, limits.cpuLimitMillicores) : cpuDemandMillicores;
}

/**
 * Reaches are rounded down to this grid, so that pods on machines with slightly different neighbors are computed as one:
 * 10 millicores below one core, 50 below four, one core below eight, then four, and sixteen from sixteen on. A pod that
 * has many cores within reach needs few of them, so that its neighbors' small changes are none of its business. A limit
 * is kept as it is.
 */
export function roundedReach(millicores: number, limitMillicores: number): number {
  if (millicores === limitMillicores) return millicores;
  const grid = gridOf(millicores);
  return Math.max(1, millicores - (millicores % grid));
}

function gridOf(millicores: number): number {
  if (millicores >= 16_000) return 16_000;
  if (millicores >= 8_000) return 4_000;
  if (millicores >= 4_000) return 1_000;
  return millicores >= 1_000 ? 50 : 10;
}
