import type { RunningContainer, RunningPod } from "../world/index.ts";
import type { Member } from "./service.ts";

/** CPU that a container uses without any request, in millicores. */
export type IdleCpu = (pod: RunningPod, container: RunningContainer) => number;

/** What one pod is asked for by all services that route to it, and what that costs its main container. */
export class PodLoad {
  readonly pod: RunningPod;
  /** Its places behind services; more than one if several services select it. */
  readonly members: Member[] = [];
  /** Has accepted requests since its main container started: start-up is over. */
  startedUp: boolean;
  /** When its growing memory is looked at next; Infinity: nothing grows, or nothing is planned. */
  leakDueUs = Number.POSITIVE_INFINITY;
  /** Waits for `apply`. */
  touched = false;

  constructor(pod: RunningPod) {
    this.pod = pod;
    this.startedUp = pod.accepting;
  }

  /** CPU for requests, in millicores, over all services. */
  workMillicores(): number {
    let sum = 0;
    for (const { station } of this.members) if (station !== undefined) sum += station.workMillicores;
    return sum;
  }

  /** The main container's demand in whole millicores. */
  demandMillicores(idle: IdleCpu): number {
    const { pod } = this;
    if (!pod.main.running) return 0;
    if (!this.startedUp) return pod.behavior.startupCpuMillicores;
    return Math.round(idle(pod, pod.main) + this.workMillicores());
  }

  inFlight(): number {
    let sum = 0;
    for (const { station } of this.members) if (station !== undefined) sum += station.inFlight + station.lineLength;
    return sum;
  }

  /** The main container's memory in whole bytes. */
  memoryBytes(nowUs: number): number {
    const { baseBytes, perRequestInFlightBytes, leakBytesPerSecond } = this.pod.behavior.memory;
    const leaked = (leakBytesPerSecond * (nowUs - this.pod.main.startedAtUs)) / 1e6;
    return Math.round(baseBytes + perRequestInFlightBytes * this.inFlight() + leaked);
  }

  slowShare(): number {
    let slow = 0;
    for (const { station } of this.members) if (station !== undefined) slow = Math.max(slow, station.slowShare);
    return slow;
  }

  /** When the leak alone reaches the limit, or Infinity. Never before the next microsecond. */
  overLimitAtUs(nowUs: number): number {
    const { main, behavior } = this.pod;
    const { leakBytesPerSecond } = behavior.memory;
    const limit = main.limits.memoryLimitBytes;
    if (leakBytesPerSecond <= 0 || limit <= 0 || !main.running) return Number.POSITIVE_INFINITY;
    const room = limit + 1 - this.memoryBytes(nowUs);
    return room <= 0 ? Number.POSITIVE_INFINITY : nowUs + Math.max(1, Math.ceil((room * 1e6) / leakBytesPerSecond));
  }
}
