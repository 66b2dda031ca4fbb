/**
 * Where something runs, as seen by the network: a machine's index, or one of the two places below. Faults cut links
 * between sets of places.
 */
export type Place = number;
/** kube-apiserver, etcd and whatever else runs on machines that the cluster's users never see. */
export const controlPlane: Place = -1;
/** Users, load balancers and services outside the cluster. */
export const outside: Place = -2;

/** Which places can reach each other. A cut is symmetric unless `oneWay`; cuts overlap and are healed one by one. */
export class Links {
  readonly #cuts = new Map<
    number,
    { readonly from: ReadonlySet<Place>; readonly to: ReadonlySet<Place>; oneWay: boolean }
  >();
  readonly #changed: () => void;
  #next = 0;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** Cuts every link between two sets of places, and names the cut for `heal`. */
  cut(from: Iterable<Place>, to: Iterable<Place>, oneWay = false): number {
    const id = this.#next;
    this.#next += 1;
    this.#cuts.set(id, { from: new Set(from), to: new Set(to), oneWay });
    this.#changed();
    return id;
  }

  heal(cut: number): void {
    if (this.#cuts.delete(cut)) this.#changed();
  }

  get anyCut(): boolean {
    return this.#cuts.size > 0;
  }

  reachable(from: Place, to: Place): boolean {
    if (this.#cuts.size === 0 || from === to) return true;
    for (const cut of this.#cuts.values()) {
      if (cut.from.has(from) && cut.to.has(to)) return false;
      if (!cut.oneWay && cut.from.has(to) && cut.to.has(from)) return false;
    }
    return true;
  }
}
