import type { Container, ContainerStatus, CrashLoopBackOff, CrashLoopOptions, WallClock } from "../model/index.ts";

export type ContainerRole = "init" | "sidecar" | "main";

export interface Termination {
  readonly exitCode: number;
  readonly reason: string;
  readonly startedAtUs: number;
  readonly finishedAtUs: number;
}

/** What a kubelet remembers of one container. Plain fields: there are hundreds of thousands. */
export class ContainerState {
  readonly spec: Container;
  readonly role: ContainerRole;
  /** Place in the RunningPod's list; -1 for ordinary init containers, which are over before. */
  readonly processIndex: number;
  phase: "waiting" | "running" | "terminated" = "waiting";
  waitingReason: string;
  waitingMessage: string | undefined;
  startedAtUs = 0;
  restarts = 0;
  ended: Termination | undefined;
  lastEnded: Termination | undefined;
  /** Passed its startup probe, or has none and runs. */
  started = false;
  /** Its readiness probe's published result, or true when it has none and runs. */
  ready = false;
  /** Consecutive equal results of the probe under way. */
  probeRun = 0;
  lastProbeOk = false;
  /** Since its last restart; `undefined` before the first. */
  backOff: CrashLoopBackOff | undefined;
  /** Counts lives: exits and probes scheduled for an earlier one are ignored. */
  life = 0;

  constructor(spec: Container, role: ContainerRole, processIndex: number, waitingReason: string) {
    this.spec = spec;
    this.role = role;
    this.processIndex = processIndex;
    this.waitingReason = waitingReason;
  }

  /** For the status of the pod. */
  status(clock: WallClock): ContainerStatus {
    const { spec, role } = this;
    const ran = this.startedAtUs > 0 || this.ended !== undefined;
    return {
      name: spec.name,
      image: spec.image ?? "",
      imageID: ran ? (spec.image ?? "") : "",
      ready: role === "init" ? this.ended?.exitCode === 0 : this.ready,
      restartCount: this.restarts,
      started: role === "init" ? false : this.started,
      state: this.#current(clock),
      lastState: this.lastEnded === undefined ? {} : { terminated: terminated(this.lastEnded, clock) },
    };
  }

  #current(clock: WallClock): ContainerStatus["state"] {
    if (this.phase === "running") return { running: { startedAt: clock.time(this.startedAtUs) } };
    if (this.phase === "terminated" && this.ended !== undefined) return { terminated: terminated(this.ended, clock) };
    const message = this.waitingMessage === undefined ? {} : { message: this.waitingMessage };
    return { waiting: { reason: this.waitingReason, ...message } };
  }
}

function terminated({ exitCode, reason, startedAtUs, finishedAtUs }: Termination, clock: WallClock) {
  return { exitCode, reason, startedAt: clock.time(startedAtUs), finishedAt: clock.time(finishedAtUs) };
}

/** The kubelet's back-off between restarts of one container, in microseconds. */
export const crashLoopOptions: CrashLoopOptions = { base: 10_000_000, max: 300_000_000, resetAfter: 600_000_000 };
