import { type EventLoop, type Handler, handler, phase, type RandomStreams } from "../sim/index.ts";
import { apiServerOutage } from "./api-server-outage.ts";
import { cloudThrottling } from "./cloud-throttling.ts";
import { componentCrash, componentPartition } from "./component-crash.ts";
import type { Fault } from "./fault.ts";
import { kubeletStop } from "./kubelet-stop.ts";
import { machineCrash } from "./machine-crash.ts";
import { machineFreeze } from "./machine-freeze.ts";
import { machineShutdown } from "./machine-shutdown.ts";
import { networkPartition } from "./network-partition.ts";
import { outOfCapacity } from "./out-of-capacity.ts";
import { podKill } from "./pod-kill.ts";
import { registrySlow } from "./registry-slow.ts";
import { runtimeNotReady } from "./runtime-not-ready.ts";
import { spotInterruption } from "./spot-interruption.ts";
import type { Strike, Struck } from "./strike.ts";
import { zoneOutage } from "./zone-outage.ts";

const strikes: { readonly [Kind in Fault["kind"]]: Strike<never> } = {
  "machine-crash": machineCrash,
  "machine-freeze": machineFreeze,
  "kubelet-stop": kubeletStop,
  "machine-shutdown": machineShutdown,
  "runtime-not-ready": runtimeNotReady,
  "network-partition": networkPartition,
  "zone-outage": zoneOutage,
  "out-of-capacity": outOfCapacity,
  "pod-kill": podKill,
  // The load itself is part of the flow's curve; here it is only a moment worth a mark.
  "traffic-spike": () => ({ subject: "users", heal: () => undefined }),
  "api-server-outage": apiServerOutage,
  "registry-slow": registrySlow,
  "spot-interruption": spotInterruption,
  "cloud-throttling": cloudThrottling,
  "component-crash": componentCrash,
  "component-partition": componentPartition,
};

/** A fault that has happened. */
export interface Injury {
  readonly fault: Fault;
  readonly index: number;
  /** What was struck, by name. */
  readonly subject: string;
  readonly machines: readonly string[];
  readonly pods: readonly string[];
  readonly atUs: number;
  healedAtUs: number | undefined;
}

/** Strikes and heals at the times a scenario names. */
export class Faults {
  readonly injuries: Injury[] = [];
  readonly #listeners: ((injury: Injury) => void)[] = [];

  constructor(loop: EventLoop, streams: RandomStreams, faults: readonly Fault[], struck: Struck) {
    const heal: Handler<{ injury: Injury; heal: () => void }> = handler("faults/heal", (argument) => {
      argument.heal();
      argument.injury.healedAtUs = loop.nowUs;
      this.#tell(argument.injury);
    });
    const strike: Handler<number> = handler("faults/strike", (index) => {
      const fault = faults[index]!;
      // The n-th fault of its kind: another kind before it changes nobody's luck.
      const ordinal = faults.slice(0, index).filter(({ kind }) => kind === fault.kind).length;
      const random = streams(`faults/${fault.kind}/${ordinal}`);
      const wound = (strikes[fault.kind] as Strike)(fault, struck, random);
      const { subject, machines = [], pods = [] } = wound;
      const injury: Injury = { fault, index, subject, machines, pods, atUs: loop.nowUs, healedAtUs: undefined };
      this.injuries.push(injury);
      this.#tell(injury);
      if (wound.heal === undefined || fault.forUs === undefined) return;
      loop.schedule(loop.nowUs + fault.forUs, phase.world, heal, { injury, heal: wound.heal });
    });
    for (const [index, { atUs }] of faults.entries()) loop.schedule(atUs, phase.world, strike, index);
  }

  /** Called when a fault strikes and again when it heals. */
  onInjury(listener: (injury: Injury) => void): void {
    this.#listeners.push(listener);
  }

  #tell(injury: Injury): void {
    for (const listener of this.#listeners) listener(injury);
  }
}
