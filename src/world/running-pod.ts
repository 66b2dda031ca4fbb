import type { ObjectKey, Uid } from "../model/index.ts";
import type { Behavior } from "./behavior.ts";
import type { Machine } from "./machine.ts";

export interface ContainerLimits {
  readonly name: string;
  /** Weight against others while the machine is short of CPU: the request, at least 2. */
  readonly cpuShares: number;
  /** 0: none. */
  readonly cpuLimitMillicores: number;
  /** 0: none. */
  readonly memoryLimitBytes: number;
  /** −1000 to 1000: the more, the sooner the kernel kills it when the machine has no memory left. */
  readonly oomScoreAdj: number;
}

/** One container's process: runs or not, uses CPU and memory. Only `World` changes it. */
export class RunningContainer {
  limits: ContainerLimits;
  running = false;
  startedAtUs = 0;
  /** Now, granted by the machine. */
  cpuMillicores = 0;
  /** Wanted now; the grant is less where the limit or the machine is short. */
  cpuDemandMillicores = 0;
  memoryBytes = 0;
  #usedMillicoreUs = 0;
  #usedUntilUs = 0;

  constructor(limits: ContainerLimits) {
    this.limits = limits;
  }

  /** CPU used since the container's start, in millicores times microseconds. */
  usedCpu(nowUs: number): number {
    return this.#usedMillicoreUs + this.cpuMillicores * (nowUs - this.#usedUntilUs);
  }

  /** Counts what was used until now, before the rate changes. */
  settleCpu(nowUs: number): void {
    this.#usedMillicoreUs = this.usedCpu(nowUs);
    this.#usedUntilUs = nowUs;
  }

  /** A new process: counters start at nothing. */
  restart(nowUs: number): void {
    this.running = true;
    this.startedAtUs = nowUs;
    this.cpuMillicores = 0;
    this.cpuDemandMillicores = 0;
    this.#usedMillicoreUs = 0;
    this.#usedUntilUs = nowUs;
  }
}

export interface NewRunningPod {
  readonly key: ObjectKey;
  readonly uid: Uid;
  readonly machine: Machine;
  readonly workload: string;
  readonly behavior: Behavior;
  readonly containers: readonly ContainerLimits[];
  /** Index of the first ordinary container in `containers`. */
  readonly mainIndex: number;
}

/** A pod as processes on a machine, from the moment its sandbox stands until it is torn down. */
export class RunningPod {
  /** Dense, in order of start over the whole run. */
  readonly id: number;
  readonly key: ObjectKey;
  readonly uid: Uid;
  readonly machine: Machine;
  /** `deployment/web`: what the behavior was declared for. */
  readonly workload: string;
  readonly behavior: Behavior;
  /** Restartable init containers first, then the ordinary ones, in the order of the spec. */
  readonly containers: readonly RunningContainer[];
  /** The container that serves requests: the first ordinary one. */
  readonly main: RunningContainer;
  /** The software answers: all containers run and start-up is over. A pod that is not accepting refuses at once. */
  accepting = false;
  /** It answers, or will, but is not warm yet. */
  cold = false;
  /** Torn down; nothing of it runs any more. */
  gone = false;
  /** Share of requests, 0 to 1, that are slower than a second right now. Set through `World.setSlowShare`, read by probes. */
  slowShare = 0;

  constructor(id: number, { key, uid, machine, workload, behavior, containers, mainIndex }: NewRunningPod) {
    this.id = id;
    this.key = key;
    this.uid = uid;
    this.machine = machine;
    this.workload = workload;
    this.behavior = behavior;
    this.containers = containers.map((limits) => new RunningContainer(limits));
    this.main = this.containers[mainIndex]!;
  }

  /** How it behaves now: cold or warm. */
  get currentBehavior(): Behavior {
    return this.cold ? (this.behavior.cold?.behavior ?? this.behavior) : this.behavior;
  }

  /** More than half of its answers take longer than a second, which is the default time-out of a probe. */
  get slow(): boolean {
    return this.slowShare > 0.5;
  }

  /** Requests sent to it get an answer from its software. */
  get answers(): boolean {
    return this.accepting && this.machine.alive;
  }
}
