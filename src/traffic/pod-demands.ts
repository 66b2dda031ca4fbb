import { cpuLeftFor, cpuWithinReach, type Machine, type RunningPod, type World } from "../world/index.ts";
import type { IdleCpu, PodLoad } from "./pod-load.ts";
import type { PodLoads } from "./pod-loads.ts";
import { reachMargin, roundedReach } from "./rounded-reach.ts";
import type { Service } from "./service.ts";

interface PodDemandsOptions {
  readonly world: World;
  readonly loads: PodLoads;
  readonly idleCpu: IdleCpu;
  /** Pods of the service can reach more or less CPU than they are computed with. */
  readonly reachChanged: (service: Service) => void;
  /** What pods on the machine hold may be other than before. */
  readonly memoryMoved: (machine: Machine, nowUs: number) => void;
  /** The share of slow requests in a pod has moved noticeably. */
  readonly slow: (pod: RunningPod) => void;
}

/** What requests come to on the machines: CPU and memory that pods demand, and what of the CPU is left for others. */
export class PodDemands {
  readonly #options: PodDemandsOptions;

  constructor(options: PodDemandsOptions) {
    this.#options = options;
  }

  /** Pods demand what their requests need; where that changes what others can reach, those are evaluated again. */
  apply(nowUs: number): void {
    const { world, loads, idleCpu, slow: tellSlow, memoryMoved } = this.#options;
    const touched = loads.takeTouched();
    if (touched.length === 0) return;
    const machines = new Set<Machine>();
    for (const load of touched) {
      const { pod } = load;
      if (pod.gone) continue;
      machines.add(pod.machine);
      world.setDemand(pod, pod.main, load.demandMillicores(idleCpu));
      if (pod.main.running) world.setMemory(pod, pod.main, load.memoryBytes(nowUs));
      const slow = load.slowShare();
      const moved = Math.abs(slow - pod.slowShare) >= 0.01 || slow < 1e-4 !== pod.slowShare < 1e-4;
      world.setSlowShare(pod, slow);
      if (moved) tellSlow(pod);
    }
    for (const machine of machines) {
      this.checkReach(machine);
      memoryMoved(machine, nowUs);
    }
  }

  /** What runs on the machine wants another share of its CPU. Too little of a change to matter to anybody costs no look at them. */
  checkReach(machine: Machine): void {
    const { loads, reachChanged } = this.#options;
    const neighbors = loads.membersOn(machine);
    if (neighbors === undefined || neighbors.isCalm(machine)) return;
    let margin = Number.POSITIVE_INFINITY;
    for (const { load, service, station } of neighbors.members) {
      const { pod } = load;
      if (pod.gone) continue;
      margin = Math.min(margin, reachMargin(cpuLeftFor(pod), pod.main.limits.cpuLimitMillicores));
      if (station !== undefined && station.reachMillicores !== this.requestReach(load)) reachChanged(service);
    }
    neighbors.calm(machine, margin);
  }

  /** What requests can have of the CPU within reach: background work keeps its part, but never more than half. */
  requestReach({ pod }: PodLoad): number {
    const within = roundedReach(cpuWithinReach(pod), pod.main.limits.cpuLimitMillicores);
    return Math.max(Math.ceil(within / 2), within - Math.round(this.#options.idleCpu(pod, pod.main)));
  }
}
