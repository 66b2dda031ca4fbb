import type { Uid } from "../model/index.ts";
import type { Machine, RunningPod, World } from "../world/index.ts";
import type { Pods } from "./membership.ts";
import { PodLoad } from "./pod-load.ts";
import type { Member } from "./service.ts";

/** Places behind services of pods that are, or were, on one machine. */
class Neighbors {
  readonly members = new Set<Member>();
  #epoch = -1;
  /** No demand has moved far enough for any of them to reach another share of the CPU until all have moved so far. */
  #calmUntilTravel = 0;

  isCalm({ cpuEpoch, cpuDemandTravelMillicores }: Machine): boolean {
    return cpuEpoch === this.#epoch && cpuDemandTravelMillicores <= this.#calmUntilTravel;
  }

  /** All of them have been looked at: `margin` is the least that matters to one of them, in millicores. */
  calm({ cpuEpoch, cpuDemandTravelMillicores }: Machine, margin: number): void {
    this.#epoch = cpuEpoch;
    this.#calmUntilTravel = cpuDemandTravelMillicores + margin;
  }

  add(member: Member): void {
    this.members.add(member);
    this.#epoch = -1;
  }
}

/** All pods with processes, and those gone ones that some route table still believes in. */
export class PodLoads implements Pods {
  readonly #world: World;
  readonly #made: (load: PodLoad) => void;
  readonly #loads = new Map<RunningPod, PodLoad>();
  /** Gone, but believed in; or lost with their machine, and perhaps believed in later. */
  readonly #ghosts = new Map<Uid, RunningPod>();
  readonly #neighbors = new Map<Machine, Neighbors>();
  #touched: PodLoad[] = [];

  constructor(world: World, made: (load: PodLoad) => void) {
    this.#world = world;
    this.#made = made;
  }

  /** `undefined` for a pod without processes that nobody believes in. */
  known(pod: RunningPod): PodLoad | undefined {
    return this.#loads.get(pod);
  }

  load(pod: RunningPod): PodLoad {
    let load = this.#loads.get(pod);
    if (load === undefined) {
      load = new PodLoad(pod);
      this.#loads.set(pod, load);
      this.#made(load);
    }
    return load;
  }

  find(uid: Uid): RunningPod | undefined {
    return this.#world.pod(uid) ?? this.#ghosts.get(uid);
  }

  /** `undefined` where no pod of any service ever was. */
  membersOn(machine: Machine): Neighbors | undefined {
    return this.#neighbors.get(machine);
  }

  joined(member: Member): void {
    const { machine } = member.pod;
    member.load.members.push(member);
    let there = this.#neighbors.get(machine);
    if (there === undefined) {
      there = new Neighbors();
      this.#neighbors.set(machine, there);
    }
    there.add(member);
  }

  left(member: Member): void {
    const { load } = member;
    load.members.splice(load.members.indexOf(member), 1);
    this.#neighbors.get(load.pod.machine)!.members.delete(member);
    this.touch(load);
    if (!load.pod.gone || load.members.length > 0) return;
    this.#ghosts.delete(load.pod.uid);
    this.#loads.delete(load.pod);
  }

  /** A pod's processes are gone. On a dead machine it may be believed in later: kube-proxies hear with a delay. */
  gone({ pod, members }: PodLoad): void {
    if (members.length > 0 || !pod.machine.alive) this.#ghosts.set(pod.uid, pod);
    if (members.length === 0) this.#loads.delete(pod);
  }

  /** What the pod demands may have changed. */
  touch(load: PodLoad): void {
    if (load.touched) return;
    load.touched = true;
    this.#touched.push(load);
  }

  takeTouched(): readonly PodLoad[] {
    const touched = this.#touched;
    if (touched.length > 0) this.#touched = [];
    for (const load of touched) load.touched = false;
    return touched;
  }
}
