/** The nodes' values of one topology key, as numbers of domains by slot; −1 where a node lacks the key. */
export interface Topology {
  readonly ofSlot: Int32Array;
  readonly domains: number;
}

/** Sums of a tally by domain, over the nodes that a mask admits. */
export class DomainCounts {
  readonly topology: Topology;
  readonly mask: Uint8Array | undefined;
  readonly counts: Int32Array;
  /** Over all domains. */
  total = 0;

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
  }
}

/** How many pods of some kind each node has, and the sums by domain that somebody asked for. */
export class Tally {
  #perSlot: Int32Array = new Int32Array(64);
  readonly #views: Map<string, DomainCounts> = new Map();

  add(slot: number, amount: number): void {
    if (slot >= this.#perSlot.length) {
      const grown = new Int32Array(Math.max(slot + 1, this.#perSlot.length * 2));
      grown.set(this.#perSlot);
      this.#perSlot = grown;
    }
    this.#perSlot[slot]! += amount;
    if (this.#views.size > 0) for (const view of this.#views.values()) view.add(slot, amount);
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
    }
    return view;
  }

  /** Nodes came, went or changed their labels: sums by domain start afresh. */
  forgetDomains(): void {
    this.#views.clear();
  }
}
