import {
  assert,
  draw,
  type EventLoop,
  type Handler,
  handler,
  log,
  phase,
  type RandomStream,
  type RandomStreams,
} from "../sim/index.ts";
import { HourlyMeter, type Machine, spotNoticeUs, type World } from "../world/index.ts";
import { CallBudget, type CallLimits } from "./call-budget.ts";
import type { CloudDelays } from "./delays.ts";
import { decreaseTarget, listing, type MachineGroup, machineGroup, surplus } from "./machine-group.ts";
import type { NodePool } from "./node-pool.ts";
import type { CloudCall, CloudReply, InstanceError, ResizeCall } from "./provider-calls.ts";

/** A machine on its way: new, or from the group's warm pool. */
interface Launch {
  readonly group: MachineGroup;
  readonly name: string;
  readonly warm: boolean;
}

/** A cloud provider: sells machines of node pools, boots them, takes them back. Faults make it refuse. */
export class CloudProvider {
  readonly #loop: EventLoop;
  readonly #world: World;
  readonly #delays: CloudDelays;
  readonly #groups = new Map<string, MachineGroup>();
  readonly #random: RandomStream;
  readonly #answer: Handler<{ readonly call: CloudCall; readonly reply: (reply: CloudReply) => void }>;
  readonly #launch: Handler<Launch>;
  readonly #power: Handler<Machine>;
  readonly #release: Handler<{ readonly group: MachineGroup; readonly machine: Machine }>;
  readonly #releaseListeners: ((machine: Machine) => void)[] = [];
  readonly #streams: RandomStreams;
  readonly #budget: CallBudget | undefined;
  readonly #warmMeters = new Map<MachineGroup, HourlyMeter>();
  /** The provider wants a spot machine back, and later has it. */
  readonly #interrupt: Handler<Machine>;
  readonly #reclaim: Handler<Machine>;
  readonly #warmed: Handler<MachineGroup>;

  /** `limits`: of calls; default none. */
  constructor(
    loop: EventLoop,
    world: World,
    streams: RandomStreams,
    pools: readonly NodePool[],
    delays: CloudDelays,
    limits?: CallLimits,
  ) {
    this.#loop = loop;
    this.#streams = streams;
    this.#budget = limits && new CallBudget(limits);
    this.#world = world;
    this.#delays = delays;
    this.#random = streams("cloud/calls");
    for (const pool of pools) {
      const group = machineGroup(pool, streams(`cloud/${pool.name}`));
      this.#groups.set(pool.name, group);
      if (pool.warmPool === undefined) continue;
      const meter = new HourlyMeter(`warm pool of ${pool.name}`, pool.warmPool.microUsdPerHour);
      meter.set(group.warm, 0);
      this.#warmMeters.set(group, meter);
      world.meters.push(meter);
    }
    this.#answer = handler("cloud/call", ({ call, reply }) => reply(this.#perform(call)));
    this.#launch = handler("cloud/launch", (launch) => this.#launched(launch));
    this.#power = handler("cloud/power-on", (machine) => {
      if (machine.releasedAtUs === undefined) world.setPower(machine, true);
    });
    this.#interrupt = handler("cloud/interrupt", (machine) => world.giveNotice(machine, loop.nowUs + spotNoticeUs));
    this.#reclaim = handler("cloud/reclaim", (machine) => this.#reclaimed(machine));
    this.#warmed = handler("cloud/warmed", (group) => this.#setWarm(group, group.warm + 1));
    world.onChange((change) => {
      if (change.what === "machine-notice")
        loop.schedule(change.machine.reclaimAtUs!, phase.world, this.#reclaim, change.machine);
    });
    this.#release = handler("cloud/terminate", ({ group, machine }) => this.#released(group, machine));
  }

  get pools(): NodePool[] {
    return [...this.#groups.values()].map(({ pool }) => pool);
  }

  /** Called when a machine has been given back; the cloud's node controller then deletes its Node. */
  onRelease(listener: (machine: Machine) => void): void {
    this.#releaseListeners.push(listener);
  }

  /** The machines there are at the start of a run: bought, and without power yet. */
  buyInitial(): Machine[] {
    const machines: Machine[] = [];
    for (const group of this.#groups.values()) {
      for (let count = 0; count < group.pool.initial; count += 1)
        machines.push(this.#buy(group, this.#nextName(group)));
    }
    return machines;
  }

  /** Carries out a call; `reply` hears of it when the provider has answered. */
  handle(call: CloudCall, reply: (reply: CloudReply) => void): void {
    this.#loop.schedule(this.#loop.nowUs + draw(this.#delays.call, this.#random), phase.api, this.#answer, {
      call,
      reply,
    });
  }

  #perform(call: CloudCall): CloudReply {
    if (this.#world.callsThrottled || this.#budget?.take(this.#loop.nowUs) === false)
      return { ok: false, error: "Throttling: Rate exceeded" };
    if (call.operation === "refresh") return { ok: true, groups: [...this.#groups.values()].map(listing) };
    const group = this.#groups.get(call.group);
    if (group === undefined) return { ok: false, error: `no node group ${call.group}` };
    switch (call.operation) {
      case "increaseSize":
        return this.#increase(group, call.delta);
      case "decreaseTargetSize":
        return decreaseTarget(group, call.delta);
      case "deleteNodes":
        return this.#delete(group, call.nodes);
      case "resize":
        return this.#resize(group, call);
    }
  }

  #increase(group: MachineGroup, delta: number): CloudReply {
    if (group.target + delta > group.max) {
      return { ok: false, error: `size increase too large, desired: ${group.target + delta} max: ${group.max}` };
    }
    if (this.#freeZones(group).length === 0) return { ok: false, error: "RESOURCE_EXHAUSTED" };
    this.#order(group, delta);
    return { ok: true };
  }

  /** Asks for machines; whether there are any to sell shows when they would be launched. */
  #order(group: MachineGroup, count: number): void {
    group.target += count;
    for (let made = 0; made < count; made += 1) {
      const name = this.#nextName(group);
      group.pending.add(name);
      const atUs = this.#loop.nowUs + draw(this.#delays.launch, group.random);
      this.#loop.schedule(atUs, phase.world, this.#launch, { group, name, warm: this.#takeWarm(group) });
    }
  }

  /** Takes a machine out of the warm pool, if there is one, and has another set up. */
  #takeWarm(group: MachineGroup): boolean {
    if (group.warm === 0) return false;
    this.#setWarm(group, group.warm - 1);
    const { launch, vmInit } = this.#delays;
    const readyUs = this.#loop.nowUs + draw(launch, group.random) + draw(vmInit, group.random);
    this.#loop.schedule(readyUs, phase.world, this.#warmed, group);
    return true;
  }

  #setWarm(group: MachineGroup, count: number): void {
    group.warm = count;
    this.#warmMeters.get(group)?.set(count, this.#loop.nowUs);
  }

  /** As an auto-scaling group's update: the desired size follows the bounds, whether there is something to sell or not. */
  #resize(group: MachineGroup, { min = group.min, max = group.max, size = group.target }: ResizeCall): CloudReply {
    if (min > max) return { ok: false, error: `min size ${min} is greater than max size ${max}` };
    const target = Math.min(max, Math.max(min, size));
    group.min = min;
    group.max = max;
    if (target > group.target) this.#order(group, target - group.target);
    else this.#delete(group, surplus(group, group.target - target));
    return { ok: true };
  }

  #launched({ group, name, warm }: Launch): void {
    if (!group.pending.delete(name)) return;
    if (this.#freeZones(group).length === 0) {
      group.failed.set(name, soldOut);
      return;
    }
    const machine = this.#buy(group, name);
    const start = (warm && group.pool.warmPool?.start) || this.#delays.vmInit;
    const atUs = this.#loop.nowUs + draw(start, group.random);
    this.#loop.schedule(atUs, phase.world, this.#power, machine);
  }

  /** The notice is over. The group still wants as many, so another machine is asked for, as an auto-scaling group does. */
  #reclaimed(machine: Machine): void {
    const group = this.#groups.get(machine.spec.pool)!;
    if (machine.releasedAtUs !== undefined) return;
    const wanted = !group.deleting.has(machine.spec.name);
    this.#released(group, machine);
    if (!wanted) return;
    group.target -= 1;
    this.#order(group, 1);
  }

  #delete(group: MachineGroup, nodes: readonly string[]): CloudReply {
    for (const name of nodes) {
      if (group.pending.delete(name) || group.failed.delete(name)) {
        group.target -= 1; // Never launched: nothing to terminate.
        continue;
      }
      const machine = group.machines.find(({ spec }) => spec.name === name);
      if (machine === undefined || group.deleting.has(name)) continue;
      group.deleting.add(name);
      group.target -= 1;
      const atUs = this.#loop.nowUs + draw(this.#delays.terminate, group.random);
      this.#loop.schedule(atUs, phase.world, this.#release, { group, machine });
    }
    return { ok: true };
  }

  #released(group: MachineGroup, machine: Machine): void {
    if (machine.releasedAtUs !== undefined) return; // Taken back before the order to delete was carried out.
    group.machines.splice(group.machines.indexOf(machine), 1);
    group.deleting.delete(machine.spec.name);
    this.#world.release(machine);
    for (const listener of this.#releaseListeners) listener(machine);
  }

  #buy(group: MachineGroup, name: string): Machine {
    const { pool } = group;
    const [zone] = this.#freeZones(group);
    assert(zone !== undefined, `pool ${pool.name} has no zone`);
    const { region, labels, taints, machineType: type } = pool;
    const machine = this.#world.buy({ name, pool: pool.name, type, region, zone, labels, taints });
    group.machines.push(machine);
    const rate = pool.spot?.interruptionsPerHour ?? 0;
    if (rate > 0) {
      // Memoryless, and each machine's own luck.
      const hours = -log(1 - this.#streams(`spot/${name}`)()) / rate;
      this.#loop.schedule(this.#loop.nowUs + Math.ceil(hours * 3_600_000_000), phase.world, this.#interrupt, machine);
    }
    return machine;
  }

  #nextName(group: MachineGroup): string {
    group.launched += 1;
    return `${group.pool.name}-${group.launched}`;
  }

  /** Zones that have machines to sell, the one with the fewest of the group first. */
  #freeZones({ pool, machines }: MachineGroup): string[] {
    const count = (zone: string): number => machines.filter(({ spec }) => spec.zone === zone).length;
    const free = pool.zones.filter((zone) => !this.#world.soldOut.has(`${pool.name}/${zone}`));
    return free.sort((a, b) => count(a) - count(b) || pool.zones.indexOf(a) - pool.zones.indexOf(b));
  }
}

const soldOut: InstanceError = {
  class: "OutOfResource",
  code: "InsufficientInstanceCapacity",
  message: "the zones of the group have no such machine to sell",
};
