/** The nodes' values of one topology key, as numbers of domains by slot. */
export class Topology {
  /** −1 where a node lacks the key. */
  readonly ofSlot: Int32Array;
  readonly domains: number;
  readonly #starts: Int32Array;
  readonly #slots: Int32Array;

  constructor(ofSlot: Int32Array, domains: number) {
    this.ofSlot = ofSlot;
    this.domains = domains;
    this.#starts = new Int32Array(domains + 1);
    for (const domain of ofSlot) if (domain >= 0) this.#starts[domain + 1]!++;
    for (let domain = 0; domain < domains; domain++) this.#starts[domain + 1]! += this.#starts[domain]!;
    this.#slots = new Int32Array(this.#starts[domains]!);
    const next = this.#starts.slice();
    for (let slot = 0; slot < ofSlot.length; slot++) {
      const domain = ofSlot[slot]!;
      if (domain >= 0) this.#slots[next[domain]!++] = slot;
    }
  }

  /** Adds to the cells of all slots of the domain. */
  addToDomain(domain: number, cells: Uint16Array, amount: number): void {
    const end = this.#starts[domain + 1]!;
    for (let at = this.#starts[domain]!; at < end; at++) cells[this.#slots[at]!]! += amount;
  }
}

const longestLog = 4096;

/** Sums of a tally by domain, over the nodes that a mask admits. */
export class DomainCounts {
  readonly topology: Topology;
  readonly mask: Uint8Array | undefined;
  readonly counts: Int32Array;
  /** Over all domains. */
  total = 0;
  /** Domains in the order in which they changed; readers keep a cursor that counts the dropped ones too. */
  readonly changed: number[] = [];
  changedDropped = 0;

  constructor(topology: Topology, mask: Uint8Array | undefined) {
    this.topology = topology;
    this.mask = mask;
    this.counts = new Int32Array(topology.domains);
  }

  add(slot: number, amount: number): void {
    if (this.mask !== undefined && this.mask[slot] === 0) return;
    const domain = this.topology.ofSlot[slot]!;
    if (domain < 0) return;
    this.counts[domain]! += amount;
    this.total += amount;
    if (this.changed.length === longestLog) {
      this.changedDropped += longestLog;
      this.changed.length = 0;
    }
    this.changed.push(domain);
  }
}

/** How many pods of some kind each node has, and the sums by domain that somebody asked for. */
export class Tally {
  #perSlot: Int32Array = new Int32Array(64);
  readonly #views: Map<string, DomainCounts> = new Map();
  #viewList: DomainCounts[] = [];

  add(slot: number, amount: number): void {
    if (slot >= this.#perSlot.length) {
      const grown = new Int32Array(Math.max(slot + 1, this.#perSlot.length * 2));
      grown.set(this.#perSlot);
      this.#perSlot = grown;
    }
    this.#perSlot[slot]! += amount;
    const views = this.#viewList;
    for (let at = 0; at < views.length; at++) views[at]!.add(slot, amount);
  }

  at(slot: number): number {
    return slot < this.#perSlot.length ? this.#perSlot[slot]! : 0;
  }

  /** The sums under `key`, kept up to date from now on until `forgetDomains`. */
  byDomain(key: string, topology: Topology, mask?: Uint8Array): DomainCounts {
    let view = this.#views.get(key);
    if (view === undefined) {
      view = new DomainCounts(topology, mask);
      const slots = Math.min(this.#perSlot.length, topology.ofSlot.length);
      for (let slot = 0; slot < slots; slot++) if (this.#perSlot[slot] !== 0) view.add(slot, this.#perSlot[slot]!);
      this.#views.set(key, view);
      this.#viewList.push(view);
    }
    return view;
  }

  /** Nodes came, went or changed their labels: sums by domain start afresh. */
  forgetDomains(): void {
    this.#views.clear();
    this.#viewList = [];
  }
}
