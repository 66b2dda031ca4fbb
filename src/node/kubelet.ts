import type { Store } from "../apiserver/index.ts";
import type { Pod } from "../model/index.ts";
import {
  type Distribution,
  draw,
  type EventLoop,
  type Handler,
  type RandomStream,
  type Sequence,
} from "../sim/index.ts";
import type { ContainerLimits, Machine, RunningPod, World } from "../world/index.ts";
import type { ContainerState } from "./container-state.ts";
import type { NodeDelays } from "./delays.ts";
import { ImageStore } from "./image-store.ts";
import type { Kubelets } from "./kubelets.ts";
import type { PodWorker } from "./pod-worker.ts";
import type { Prober } from "./probe.ts";

/** One machine's kubelet: what its pod workers need of it. What all share is in `Kubelets`. */
export class Kubelet {
  readonly #shared: Kubelets;
  readonly machine: Machine;
  readonly random: RandomStream;
  readonly hostIP: string;
  readonly images = new ImageStore();
  readonly workers = new Map<string, PodWorker>();
  /** The PLEG's relist happens at `phase + k` seconds. */
  readonly relistPhaseUs: number;
  /** Runs and may work: the machine is up, and the process was started. */
  running = false;
  /** Counts boots: what was begun before a power cut is not finished after it. */
  boot = 0;

  constructor(shared: Kubelets, machine: Machine, random: RandomStream) {
    this.#shared = shared;
    this.machine = machine;
    this.random = random;
    this.hostIP = `10.0.${Math.floor(machine.index / 254) % 256}.${(machine.index % 254) + 1}`;
    this.relistPhaseUs = Math.floor(random() * 1_000_000);
  }

  get loop(): EventLoop {
    return this.#shared.loop;
  }

  get nowUs(): number {
    return this.loop.nowUs;
  }

  get store(): Store {
    return this.#shared.api.store;
  }

  get world(): World {
    return this.#shared.world;
  }

  get delays(): NodeDelays {
    return this.#shared.delays;
  }

  get probeHandler(): Handler<Prober> {
    return this.#shared.probeHandler;
  }

  draw(distribution: Distribution): number {
    return draw(distribution, this.random);
  }

  /** The next instant at which the kubelet asks the runtime what runs. */
  nextRelistUs(): number {
    return this.relistAfter(this.nowUs + 1);
  }

  relistAfter(us: number): number {
    return this.relistPhaseUs + Math.ceil((us - this.relistPhaseUs) / 1_000_000) * 1_000_000;
  }

  nextPodIP(): string {
    return this.#shared.nextPodIP();
  }

  startProcesses(worker: PodWorker, containers: readonly ContainerLimits[], mainIndex: number): RunningPod {
    return this.#shared.startProcesses(worker, containers, mainIndex);
  }

  resumeAt(atUs: number, worker: PodWorker): Sequence {
    return this.#shared.resumeAt(atUs, worker);
  }

  acceptAt(atUs: number, worker: PodWorker): Sequence {
    return this.#shared.acceptAt(atUs, worker);
  }

  exitAt(atUs: number, worker: PodWorker, container: ContainerState, exitCode: number): void {
    this.#shared.exitAt(atUs, worker, container, exitCode);
  }

  startupDeadline(atUs: number, worker: PodWorker, container: ContainerState): void {
    this.#shared.startupDeadline(atUs, worker, container);
  }

  relistLater(worker: PodWorker): void {
    this.#shared.syncAt(this.nextRelistUs(), worker);
  }

  /** Tells the API server what became of the pod, if that is news. */
  report(worker: PodWorker): void {
    this.#shared.report(worker);
  }

  deleteObject(worker: PodWorker): void {
    this.#shared.deleteObject(worker);
  }

  event(pod: Pod, type: "Normal" | "Warning", reason: string, message: string): void {
    this.#shared.event(this, pod, type, reason, message);
  }
}
