import type { ObjectKey, Uid } from "../model/index.ts";
import { assert } from "../sim/index.ts";
import type { HourlyMeter } from "./bill.ts";
import { cappedDemand, grantCpu } from "./cpu-shares.ts";
import { Machine, type MachineSpec } from "./machine.ts";
import { oomVictim } from "./oom-victim.ts";
import { Links } from "./place.ts";
import { type RouteDomain, Routes } from "./routes.ts";
import { type ContainerLimits, type NewRunningPod, type RunningContainer, RunningPod } from "./running-pod.ts";

/** What changed in the world. Listeners take note and schedule events; they do not act on the spot. */
export type WorldChange =
  | {
      readonly what:
        | "machine-bought"
        | "machine-released"
        | "machine-notice"
        | "machine-power"
        | "machine-kubelet"
        | "machine-runtime"
        | "machine-shutdown";
      readonly machine: Machine;
    }
  | { readonly what: "links" }
  | { readonly what: "routes"; readonly service: ObjectKey; readonly domain: RouteDomain }
  | { readonly what: "pod-started" | "pod-accepting" | "pod-warm" | "pod-slow" | "pod-gone"; readonly pod: RunningPod }
  | {
      readonly what:
        | "container-started"
        | "container-stopped"
        | "container-killed"
        | "container-limits"
        | "memory-over-limit"
        | "machine-out-of-memory";
      readonly pod: RunningPod;
      readonly container: RunningContainer;
    }
  | { readonly what: "cpu-granted" | "machine-memory"; readonly machine: Machine };

/** What is. It says what changed and decides nothing. */
export class World {
  readonly #nowUs: () => number;
  readonly #listeners: ((change: WorldChange) => void)[] = [];
  readonly #usageListeners: ((pod: RunningPod) => void)[] = [];
  readonly #machinesByName = new Map<string, Machine>();
  readonly #pods = new Map<Uid, RunningPod>();
  #podCount = 0;
  /** Every machine ever bought, by index. */
  readonly machines: Machine[] = [];
  readonly links: Links;
  readonly routes: Routes;
  /** `pool/zone` of which the provider has no machine to sell now. */
  readonly soldOut = new Set<string>();
  /** The provider refuses every call; faults switch it. */
  callsThrottled = false;
  /** What is paid by the hour besides machines at work. */
  readonly meters: HourlyMeter[] = [];
  /** Multiplies how long image pulls take; faults raise it. Infinity: the registry does not answer. */
  registrySlowdown = 1;

  constructor(nowUs: () => number) {
    this.#nowUs = nowUs;
    this.links = new Links(() => this.#tell({ what: "links" }));
    this.routes = new Routes((service, domain) => this.#tell({ what: "routes", service, domain }));
  }

  onChange(listener: (change: WorldChange) => void): void {
    this.#listeners.push(listener);
  }

  /** Called when what a pod uses changes: a process, the CPU it is granted, its memory. Far more often than `onChange`. */
  onUsageChange(listener: (pod: RunningPod) => void): void {
    this.#usageListeners.push(listener);
  }

  machine(name: string): Machine | undefined {
    return this.#machinesByName.get(name);
  }

  /** The processes of a pod, or `undefined` when nothing of it runs anywhere. */
  pod(uid: Uid): RunningPod | undefined {
    return this.#pods.get(uid);
  }

  /** All pods with processes, in order of start. */
  pods(): IterableIterator<RunningPod> {
    return this.#pods.values();
  }

  buy(spec: MachineSpec): Machine {
    assert(!this.#machinesByName.has(spec.name), `machine ${spec.name} bought twice`);
    const machine = new Machine(this.machines.length, spec, this.#nowUs());
    this.machines.push(machine);
    this.#machinesByName.set(spec.name, machine);
    this.#tell({ what: "machine-bought", machine });
    return machine;
  }

  /** Gives the machine back: power off for good, billing ends. */
  release(machine: Machine): void {
    if (machine.releasedAtUs !== undefined) return;
    this.setPower(machine, false);
    machine.releasedAtUs = this.#nowUs();
    this.#tell({ what: "machine-released", machine });
  }

  /** The provider announces that it will take the machine back at an instant; it is told once. */
  giveNotice(machine: Machine, reclaimAtUs: number): void {
    if (machine.reclaimAtUs !== undefined || machine.releasedAtUs !== undefined) return;
    machine.reclaimAtUs = reclaimAtUs;
    this.#tell({ what: "machine-notice", machine });
  }

  /** Without power all processes are gone at once; coming back, the machine starts empty. */
  setPower(machine: Machine, powered: boolean): void {
    if (machine.powered === powered || (powered && machine.releasedAtUs !== undefined)) return;
    machine.powered = powered;
    if (!powered) for (const pod of [...machine.pods]) this.#removePod(pod);
    this.#tell({ what: "machine-power", machine });
  }

  /** Somebody asks the machine to shut down: its kubelet may hold that up. A dead machine only stays off. */
  shutDown(machine: Machine): void {
    if (machine.alive && machine.kubeletAlive) this.#tell({ what: "machine-shutdown", machine });
    else this.setPower(machine, false);
  }

  setFrozen(machine: Machine, frozen: boolean): void {
    if (machine.frozen === frozen) return;
    machine.frozen = frozen;
    this.#grant(machine);
    this.#tell({ what: "machine-power", machine });
  }

  setKubeletAlive(machine: Machine, alive: boolean): void {
    if (machine.kubeletAlive === alive) return;
    machine.kubeletAlive = alive;
    this.#tell({ what: "machine-kubelet", machine });
  }

  setRuntimeReady(machine: Machine, ready: boolean): void {
    if (machine.runtimeReady === ready) return;
    machine.runtimeReady = ready;
    this.#tell({ what: "machine-runtime", machine });
  }

  startPod(started: NewRunningPod): RunningPod {
    assert(!this.#pods.has(started.uid), `pod ${started.key} runs twice`);
    const pod = new RunningPod(this.#podCount, started);
    this.#podCount += 1;
    this.#pods.set(pod.uid, pod);
    pod.machine.pods.add(pod);
    this.#tell({ what: "pod-started", pod });
    return pod;
  }

  startContainer(pod: RunningPod, container: RunningContainer): void {
    container.restart(this.#nowUs());
    this.#tellUsage(pod);
    this.#tell({ what: "container-started", pod, container });
  }

  stopContainer(pod: RunningPod, container: RunningContainer): void {
    if (!container.running) return;
    container.settleCpu(this.#nowUs());
    container.running = false;
    this.#hold(pod.machine, container, 0);
    this.#tellUsage(pod);
    this.setDemand(pod, container, 0);
    this.#tell({ what: "container-stopped", pod, container });
    this.#relieve(pod.machine);
  }

  /** Somebody kills a process from outside: its kubelet finds it dead. */
  killContainer(pod: RunningPod, container: RunningContainer): void {
    if (container.running) this.#tell({ what: "container-killed", pod, container });
  }

  setAccepting(pod: RunningPod, accepting: boolean): void {
    if (pod.accepting === accepting || pod.gone) return;
    pod.accepting = accepting;
    this.#tell({ what: "pod-accepting", pod });
  }

  /** Its software starts cold, or is warm from now on. */
  setCold(pod: RunningPod, cold: boolean): void {
    if (pod.cold === cold || pod.gone) return;
    pod.cold = cold;
    if (!cold) this.#tell({ what: "pod-warm", pod });
  }

  /** How overloaded the pod is; `pod-slow` tells when a probe would begin or cease to notice. */
  setSlowShare(pod: RunningPod, share: number): void {
    const before = pod.slow;
    pod.slowShare = share;
    if (pod.slow !== before) this.#tell({ what: "pod-slow", pod });
  }

  removePod(pod: RunningPod): void {
    if (!pod.gone) this.#removePod(pod);
  }

  /** What a container wants of the CPU from now on, in millicores. Grants on the machine follow at once. */
  setDemand(pod: RunningPod, container: RunningContainer, millicores: number): void {
    if (container.cpuDemandMillicores === millicores) return;
    const { machine } = pod;
    const before = cappedDemand(container);
    container.cpuDemandMillicores = millicores;
    const wanted = cappedDemand(container);
    const total = machine.cpuDemandMillicores + wanted - before;
    const capacity = machine.spec.type.cpuMillicores;
    if (!machine.alive || !container.running || machine.cpuDemandMillicores > capacity || total > capacity) {
      this.#grant(machine);
      return;
    }
    // Everybody gets what they want, before and after: nobody else is concerned.
    machine.cpuDemandMillicores = total;
    machine.cpuDemandTravelMillicores += Math.abs(wanted - before);
    if (before > 0 !== wanted > 0) {
      const { cpuShares } = container.limits;
      machine.cpuDemandShares += wanted > 0 ? cpuShares : -cpuShares;
      machine.cpuEpoch += 1;
    }
    if (container.cpuMillicores === wanted) return;
    container.settleCpu(this.#nowUs());
    container.cpuMillicores = wanted;
    this.#tellUsage(pod);
  }

  /** Other weights and limits for a container: what it and others get of the CPU, and how much memory it may hold. */
  setLimits(pod: RunningPod, container: RunningContainer, limits: ContainerLimits): void {
    const { cpuShares, cpuLimitMillicores, memoryLimitBytes, oomScoreAdj } = container.limits;
    if (
      oomScoreAdj === limits.oomScoreAdj &&
      cpuShares === limits.cpuShares &&
      cpuLimitMillicores === limits.cpuLimitMillicores &&
      memoryLimitBytes === limits.memoryLimitBytes
    )
      return;
    container.limits = limits;
    this.#grant(pod.machine);
    this.#tell({ what: "container-limits", pod, container });
    this.setMemory(pod, container, container.memoryBytes);
  }

  /** What a container holds from now on. Above its limit the kernel kills it: `memory-over-limit` says so. */
  setMemory(pod: RunningPod, container: RunningContainer, bytes: number): void {
    if (container.memoryBytes !== bytes) {
      this.#hold(pod.machine, container, bytes);
      this.#tellUsage(pod);
    }
    const limit = container.limits.memoryLimitBytes;
    if (limit > 0 && bytes > limit && container.running) this.#tell({ what: "memory-over-limit", pod, container });
  }

  #hold(machine: Machine, container: RunningContainer, bytes: number): void {
    const was = machine.memoryBytes > machine.memoryAlarmBytes;
    const wasFull = machine.memoryBytes > machine.memoryFullBytes;
    machine.memoryBytes += bytes - container.memoryBytes;
    container.memoryBytes = bytes;
    if (machine.memoryBytes > machine.memoryAlarmBytes !== was) this.#tell({ what: "machine-memory", machine });
    if (!wasFull) this.#relieve(machine);
  }

  /** The kernel kills, one process at a time, as long as more is held than there is. */
  #relieve(machine: Machine): void {
    const victim = machine.memoryBytes > machine.memoryFullBytes ? oomVictim(machine) : undefined;
    if (victim !== undefined) this.#tell({ what: "machine-out-of-memory", ...victim });
  }

  #removePod(pod: RunningPod): void {
    const nowUs = this.#nowUs();
    for (const container of pod.containers) {
      this.#hold(pod.machine, container, 0);
      container.settleCpu(nowUs);
      container.running = false;
      container.cpuDemandMillicores = 0;
      container.cpuMillicores = 0;
    }
    pod.accepting = false;
    pod.gone = true;
    this.#tellUsage(pod);
    pod.machine.pods.delete(pod);
    this.#pods.delete(pod.uid);
    this.#grant(pod.machine);
    this.#tell({ what: "pod-gone", pod });
  }

  #grant(machine: Machine): void {
    const nowUs = this.#nowUs();
    const capacity = machine.spec.type.cpuMillicores;
    const wasShort = machine.cpuDemandMillicores > capacity;
    let total = 0;
    let shares = 0;
    let changed = false;
    for (const { pod, container, want, millicores } of grantCpu(machine)) {
      total += want;
      if (want > 0) shares += container.limits.cpuShares;
      if (container.cpuMillicores === millicores) continue;
      if (container.running) container.settleCpu(nowUs);
      container.cpuMillicores = millicores;
      this.#tellUsage(pod);
      changed = true;
    }
    machine.cpuDemandMillicores = total;
    machine.cpuDemandShares = shares;
    machine.cpuEpoch += 1;
    if (changed && (wasShort || total > capacity)) this.#tell({ what: "cpu-granted", machine });
  }

  #tellUsage(pod: RunningPod): void {
    for (const listener of this.#usageListeners) listener(pod);
  }

  #tell(change: WorldChange): void {
    for (const listener of this.#listeners) listener(change);
  }
}
