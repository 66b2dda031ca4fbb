import { compareText, type ObjectKey, type Pod } from "../model/index.ts";

/** Pods that have ended, always in the order in which they are given up: evicted ones first, then the oldest. */
export class TerminatedPods {
  /** Ascending. A rank is text that sorts as its pod does, and ends with the pod's key. */
  readonly #ranks: string[] = [];
  readonly #rankOf = new Map<ObjectKey, string>();

  get size(): number {
    return this.#ranks.length;
  }

  add(key: ObjectKey, { metadata, status }: Pod): void {
    const rank = [status.reason === "Evicted" ? 0 : 1, metadata.creationTimestamp, metadata.name, key].join(" ");
    if (this.#rankOf.get(key) === rank) return;
    this.delete(key);
    this.#rankOf.set(key, rank);
    this.#ranks.splice(this.#place(rank), 0, rank);
  }

  delete(key: ObjectKey): void {
    const rank = this.#rankOf.get(key);
    if (rank === undefined) return;
    this.#rankOf.delete(key);
    this.#ranks.splice(this.#place(rank), 1);
  }

  /** The first to be given up. */
  first(count: number): ObjectKey[] {
    return this.#ranks.slice(0, count).map((rank) => rank.slice(rank.lastIndexOf(" ") + 1) as ObjectKey);
  }

  /** Where a rank is, or would be. */
  #place(rank: string): number {
    let [low, high] = [0, this.#ranks.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compareText(this.#ranks[middle]!, rank) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
