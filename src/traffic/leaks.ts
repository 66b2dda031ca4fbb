import type { Machine } from "../world/index.ts";
import type { PodLoad } from "./pod-load.ts";
import type { PodLoads } from "./pod-loads.ts";

/** What has grown is shown to others at this beat at the latest. */
const shownUs = 15_000_000;

interface LeaksOptions {
  readonly loads: PodLoads;
  /** The pod is to be looked at at an instant. */
  readonly lookAt: (load: PodLoad, atUs: number) => void;
}

/**
 * Memory that grows by itself. Growth is linear, so the instants at which a container passes its limit, or the machine is
 * short of memory or has none left, are computed, and computed again whenever what is held on the machine changes.
 */
export class Leaks {
  readonly #options: LeaksOptions;
  readonly #leaking = new Map<Machine, Set<PodLoad>>();

  constructor(options: LeaksOptions) {
    this.#options = options;
  }

  add(load: PodLoad): void {
    const { machine } = load.pod;
    const there = this.#leaking.get(machine);
    if (there === undefined) this.#leaking.set(machine, new Set([load]));
    else there.add(load);
  }

  /** What is held on the machine has changed: the instants to come are others. */
  moved(machine: Machine, nowUs: number): void {
    const there = this.#leaking.get(machine);
    if (there === undefined) return;
    const shortUs = this.#shortUs(machine, nowUs);
    for (const load of [...there]) {
      if (load.pod.gone) there.delete(load);
      else this.#arm(load, Math.min(shortUs, load.overLimitAtUs(nowUs)), nowUs);
    }
    if (there.size === 0) this.#leaking.delete(machine);
  }

  /** An instant has come. Answers whether the pod is to be looked at: an earlier look may have taken its place. */
  isDue(load: PodLoad, nowUs: number): boolean {
    if (load.pod.gone || load.leakDueUs !== nowUs) return false;
    load.leakDueUs = Number.POSITIVE_INFINITY;
    return true;
  }

  #arm(load: PodLoad, crossingUs: number, nowUs: number): void {
    const atUs = Math.min((Math.floor(nowUs / shownUs) + 1) * shownUs, crossingUs);
    if (load.leakDueUs === atUs) return;
    load.leakDueUs = atUs;
    this.#options.lookAt(load, atUs);
  }

  /** When the machine's memory is short for its kubelet, or gone; Infinity while nothing grows. */
  #shortUs(machine: Machine, nowUs: number): number {
    let held = 0;
    let bytesPerSecond = 0;
    for (const pod of machine.pods) {
      const leak = pod.main.running ? pod.behavior.memory.leakBytesPerSecond : 0;
      for (const container of pod.containers) {
        const grows = leak > 0 && container === pod.main;
        held += grows ? this.#options.loads.load(pod).memoryBytes(nowUs) : container.memoryBytes;
      }
      bytesPerSecond += leak;
    }
    if (bytesPerSecond === 0) return Number.POSITIVE_INFINITY;
    const rounding = machine.pods.size; // Each pod's bytes are rounded.
    const instants = [machine.memoryAlarmBytes, machine.memoryFullBytes].map((bytes) =>
      held > bytes
        ? Number.POSITIVE_INFINITY
        : nowUs + Math.ceil(((bytes + 1 + rounding - held) * 1e6) / bytesPerSecond),
    );
    return Math.min(...instants);
  }
}
