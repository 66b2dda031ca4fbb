import { assert } from "../sim/index.ts";
import type { Behavior } from "../world/index.ts";
import { linkBetween, rankServices } from "./call-graph.ts";
import { Link } from "./link.ts";
import type { TrafficPlan } from "./plan.ts";
import { Service, type Tools } from "./service.ts";
import type { Work } from "./station-class.ts";

/** All services and externals that are asked, found by following flows and calls, in the order of calls. */
export class ServiceRegistry {
  readonly #plan: TrafficPlan;
  readonly #tools: Tools;
  /** A service is new, or asked by somebody new. */
  readonly #changed: (service: Service) => void;
  readonly #services = new Map<string, Service>();
  readonly #externals = new Map<string, Service>();
  #ranked = false;

  constructor(plan: TrafficPlan, tools: Tools, changed: (service: Service) => void) {
    this.#plan = plan;
    this.#tools = tools;
    this.#changed = changed;
  }

  /** Services first, then externals; each in the order in which they were first asked. */
  all(): Service[] {
    return [...this.#services.values(), ...this.#externals.values()];
  }

  /** Only those that are asked. */
  services(): IterableIterator<Service> {
    return this.#services.values();
  }

  find(name: string): Service | undefined {
    return this.#services.get(name) ?? this.#externals.get(name);
  }

  /** A Service by `namespace/name`; asked for the first time it is made. */
  service(name: string, nowUs: number): Service {
    return this.#services.get(name) ?? this.#add(this.#services, new Service(name, undefined, nowUs, this.#tools));
  }

  /** Learns what each kind of pod behind a service does per request, and whom it calls. */
  learnWorks(service: Service, nowUs: number): void {
    for (const { pod } of service.members.values()) {
      const behavior = pod.currentBehavior;
      if (service.works.has(behavior)) continue;
      const work = this.#workOf(service, behavior, nowUs);
      const known = service.knownWorks.find((other) => sameWork(work, other));
      if (known === undefined) service.knownWorks.push(work);
      service.works.set(behavior, known ?? work);
    }
  }

  /** Puts services in the order of calls again, if that has changed, and says so. */
  rank(): boolean {
    if (this.#ranked) return false;
    this.#ranked = true;
    rankServices(this.all());
    return true;
  }

  #external(name: string, nowUs: number): Service {
    const known = this.#externals.get(name);
    if (known !== undefined) return known;
    const external = this.#plan.externals.find((one) => one.name === name);
    assert(external !== undefined, `no external is named ${name}`);
    return this.#add(this.#externals, new Service(name, external, nowUs, this.#tools));
  }

  #add(known: Map<string, Service>, service: Service): Service {
    known.set(service.name, service);
    this.#ranked = false;
    this.#changed(service);
    return service;
  }

  #workOf(service: Service, behavior: Behavior, nowUs: number): Work {
    const { cpuUs, waitUs } = behavior.perRequest ?? { cpuUs: 0, waitUs: 0 };
    const calls = behavior.calls.map(({ to, perRequest }) => {
      const target = "service" in to ? this.service(to.service, nowUs) : this.#external(to.external, nowUs);
      const link = linkBetween(service, target, () => {
        this.#ranked = false;
        this.#changed(target);
        return new Link(service, target, this.#plan.calls);
      });
      return { link, perRequest };
    });
    return { cpuUs, waitUs, waitVariance: waitUs * waitUs, slots: behavior.concurrency, calls };
  }
}

/** Pods of one workload may come with behaviors that are equal, but not one object. */
function sameWork(one: Work, other: Work): boolean {
  return (
    one.cpuUs === other.cpuUs &&
    one.waitUs === other.waitUs &&
    one.slots === other.slots &&
    one.calls.length === other.calls.length &&
    one.calls.every(({ link, perRequest }, index) => {
      const call = other.calls[index]!;
      return call.link === link && call.perRequest === perRequest;
    })
  );
}
