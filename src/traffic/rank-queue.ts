import type { Service } from "./service.ts";

type Flag = "queuedForLoad" | "queuedForEvaluation";

/** Services that need work, each once, in the order of calls. Few at a time, so a sorted list will do. */
export class RankQueue {
  readonly #flag: Flag;
  readonly #services: Service[] = [];

  constructor(flag: Flag) {
    this.#flag = flag;
  }

  get empty(): boolean {
    return this.#services.length === 0;
  }

  add(service: Service): void {
    if (service[this.#flag]) return;
    service[this.#flag] = true;
    const services = this.#services;
    let index = services.length;
    while (index > 0 && services[index - 1]!.rank > service.rank) index -= 1;
    services.splice(index, 0, service);
  }

  /** The one nearest to the users. */
  takeFirst(): Service | undefined {
    return this.#taken(this.#services.shift());
  }

  /** The one farthest from the users. */
  takeLast(): Service | undefined {
    return this.#taken(this.#services.pop());
  }

  /** Ranks have changed. */
  sort(): void {
    this.#services.sort((one, other) => one.rank - other.rank);
  }

  #taken(service: Service | undefined): Service | undefined {
    if (service !== undefined) service[this.#flag] = false;
    return service;
  }
}
