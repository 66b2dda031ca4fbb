import type { Uid } from "../model/index.ts";
import type { Machine, RunningPod, World } from "../world/index.ts";
import type { Pods } from "./membership.ts";
import { PodLoad } from "./pod-load.ts";
import type { Member } from "./service.ts";

/** All pods with processes, and those gone ones that some route table still believes in. */
export class PodLoads implements Pods {
  readonly #world: World;
  readonly #made: (load: PodLoad) => void;
  readonly #loads = new Map<RunningPod, PodLoad>();
  /** Gone, but believed in; or lost with their machine, and perhaps believed in later. */
  readonly #ghosts = new Map<Uid, RunningPod>();
  readonly #membersOn = new Map<Machine, Set<Member>>();
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

  /** Places behind services of pods that are, or were, on a machine. */
  membersOn(machine: Machine): Iterable<Member> {
    return this.#membersOn.get(machine) ?? [];
  }

  joined(member: Member): void {
    const { machine } = member.pod;
    member.load.members.push(member);
    const there = this.#membersOn.get(machine);
    if (there === undefined) this.#membersOn.set(machine, new Set([member]));
    else there.add(member);
  }

  left(member: Member): void {
    const { load } = member;
    load.members.splice(load.members.indexOf(member), 1);
    this.#membersOn.get(load.pod.machine)!.delete(member);
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
