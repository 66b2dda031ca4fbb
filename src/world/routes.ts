import type { ObjectKey, Uid } from "../model/index.ts";
import type { RunningPod } from "./running-pod.ts";

/** One line of a route table: where a connection to the service may be sent. */
export interface Endpoint {
  readonly podUid: Uid;
  readonly zone: string | undefined;
}

/** Machines that agree share one table; 0 is the one of all machines that see the control plane. */
export type RouteDomain = number;
export const sharedDomain: RouteDomain = 0;

/**
 * What kube-proxies have programmed: per set of machines that agree, the endpoints each service is believed to have.
 * Believing says nothing about the pod being there.
 */
export class Routes {
  readonly #tables = new Map<RouteDomain, Map<ObjectKey, readonly Endpoint[]>>([[sharedDomain, new Map()]]);
  readonly #domainOfMachine = new Map<number, RouteDomain>();
  readonly #changed: (service: ObjectKey, domain: RouteDomain) => void;
  #next = 1;

  constructor(changed: (service: ObjectKey, domain: RouteDomain) => void) {
    this.#changed = changed;
  }

  /** The endpoints a caller in this domain believes in; `undefined`: the service is not known there. */
  believed(service: ObjectKey, domain: RouteDomain = sharedDomain): readonly Endpoint[] | undefined {
    return this.#tables.get(domain)?.get(service);
  }

  domainOf(machineIndex: number): RouteDomain {
    return this.#domainOfMachine.get(machineIndex) ?? sharedDomain;
  }

  program(domain: RouteDomain, service: ObjectKey, endpoints: readonly Endpoint[] | undefined): void {
    const table = this.#tables.get(domain);
    if (table === undefined) return;
    if (endpoints === undefined) table.delete(service);
    else table.set(service, endpoints);
    this.#changed(service, domain);
  }

  /** Gives a machine that no longer hears of changes a copy of the table it had. */
  detach(machineIndex: number): RouteDomain {
    const domain = this.#next;
    this.#next += 1;
    this.#tables.set(domain, new Map(this.#tables.get(this.domainOf(machineIndex))));
    this.#domainOfMachine.set(machineIndex, domain);
    return domain;
  }

  /** The machine hears again: back to the shared table. */
  rejoin(machineIndex: number): void {
    const domain = this.#domainOfMachine.get(machineIndex);
    if (domain === undefined) return;
    this.#domainOfMachine.delete(machineIndex);
    this.#tables.delete(domain);
    for (const service of this.#tables.get(sharedDomain)!.keys()) this.#changed(service, sharedDomain);
  }
}

/** Where a request that was routed to `pod` ends: answered, refused at once, or never answered. */
export function fateAt(pod: RunningPod | undefined, machineAlive: boolean): "answered" | "refused" | "silence" {
  if (pod?.answers) return "answered";
  return machineAlive ? "refused" : "silence";
}
