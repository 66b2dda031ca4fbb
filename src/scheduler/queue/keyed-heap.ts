interface Keyed {
  readonly key: string;
}

/** A binary heap whose items can be found and removed by key. Equals leave in order of arrival. */
export class KeyedHeap<T extends Keyed> {
  readonly #less: (left: T, right: T) => boolean;
  readonly #items: T[] = [];
  readonly #arrivals: number[] = [];
  readonly #places: Map<string, number> = new Map();
  #arrived = 0;

  constructor(less: (left: T, right: T) => boolean) {
    this.#less = less;
  }

  get size(): number {
    return this.#items.length;
  }

  peek(): T | undefined {
    return this.#items[0];
  }

  get(key: string): T | undefined {
    const place = this.#places.get(key);
    return place === undefined ? undefined : this.#items[place];
  }

  /** Adds the item, in the place of one with the same key. */
  push(item: T): void {
    this.remove(item.key);
    this.#put(this.#items.length, item, this.#arrived++);
    this.#up(this.#items.length - 1);
  }

  pop(): T | undefined {
    const first = this.#items[0];
    if (first !== undefined) this.remove(first.key);
    return first;
  }

  remove(key: string): T | undefined {
    const place = this.#places.get(key);
    if (place === undefined) return undefined;
    const item = this.#items[place]!;
    this.#places.delete(key);
    const last = this.#items.pop()!;
    const arrival = this.#arrivals.pop()!;
    if (place < this.#items.length) {
      this.#put(place, last, arrival);
      this.#down(place);
      this.#up(place);
    }
    return item;
  }

  /** All items, in no particular order. */
  items(): readonly T[] {
    return this.#items;
  }

  #put(place: number, item: T, arrival: number): void {
    this.#items[place] = item;
    this.#arrivals[place] = arrival;
    this.#places.set(item.key, place);
  }

  #precedes(left: number, right: number): boolean {
    const [a, b] = [this.#items[left]!, this.#items[right]!];
    if (this.#less(a, b)) return true;
    return !this.#less(b, a) && this.#arrivals[left]! < this.#arrivals[right]!;
  }

  #swap(left: number, right: number): void {
    const [item, arrival] = [this.#items[left]!, this.#arrivals[left]!];
    this.#put(left, this.#items[right]!, this.#arrivals[right]!);
    this.#put(right, item, arrival);
  }

  #up(from: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#precedes(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #down(from: number): void {
    let at = from;
    for (;;) {
      let first = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < this.#items.length && this.#precedes(child, first)) first = child;
      }
      if (first === at) return;
      this.#swap(at, first);
      at = first;
    }
  }
}
