import type { DomainCounts } from "./tally.ts";

/** Says for each domain of a topology whether pods of a class may go there, and keeps a column of how many rules block a slot. */
export class BlockRule {
  readonly view: DomainCounts;
  /** Whether a domain with so many pods is closed. */
  readonly #closes: (count: number) => boolean;
  readonly #closed: Uint8Array;
  #cursor = -1;

  /** `withoutKey`: what the rule says of nodes that lack the topology key. */
  constructor(
    view: DomainCounts,
    blocked: Uint16Array,
    withoutKey: "closed" | "open",
    closes: (count: number) => boolean,
  ) {
    this.view = view;
    this.#closes = closes;
    this.#closed = new Uint8Array(view.topology.domains);
    const { ofSlot } = view.topology;
    if (withoutKey === "closed")
      for (let slot = 0; slot < ofSlot.length; slot++) if (ofSlot[slot]! < 0) blocked[slot]!++;
  }

  /** Takes in what has changed. `afresh`: the rule itself has changed as well, so every domain is looked at. */
  refresh(blocked: Uint16Array, afresh: boolean): void {
    const { changed, changedDropped, counts } = this.view;
    const end = changedDropped + changed.length;
    if (afresh || this.#cursor < changedDropped) {
      for (let domain = 0; domain < counts.length; domain++) this.#look(domain, blocked);
    } else {
      for (let at = this.#cursor - changedDropped; at < changed.length; at++) this.#look(changed[at]!, blocked);
    }
    this.#cursor = end;
  }

  get isCurrent(): boolean {
    return this.#cursor === this.view.changedDropped + this.view.changed.length;
  }

  #look(domain: number, blocked: Uint16Array): void {
    const closed = this.#closes(this.view.counts[domain]!) ? 1 : 0;
    if (closed === this.#closed[domain]) return;
    this.#closed[domain] = closed;
    this.view.topology.addToDomain(domain, blocked, closed === 1 ? 1 : -1);
  }
}
