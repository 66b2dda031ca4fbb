interface Entry<Value> {
  readonly key: string;
  value: Value;
  older: Entry<Value> | undefined;
  newer: Entry<Value> | undefined;
}

/**
 * Keeps the entries that were set last, `limit` at most. The oldest is known, not looked for: a `Map` whose first keys are
 * deleted one by one walks over all those deleted before it.
 */
export class RecentMap<Value> {
  readonly #limit: number;
  readonly #entries = new Map<string, Entry<Value>>();
  #oldest: Entry<Value> | undefined;
  #newest: Entry<Value> | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(key: string): Value | undefined {
    return this.#entries.get(key)?.value;
  }

  /** The entry is the newest from now on. */
  set(key: string, value: Value): void {
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = { key, value, older: undefined, newer: undefined };
      this.#entries.set(key, entry);
    } else {
      entry.value = value;
      if (entry === this.#newest) return;
      this.#unlink(entry);
    }
    this.#link(entry);
    const oldest = this.#oldest!;
    if (this.#entries.size <= this.#limit) return;
    this.#entries.delete(oldest.key);
    this.#unlink(oldest);
  }

  #link(entry: Entry<Value>): void {
    entry.older = this.#newest;
    entry.newer = undefined;
    if (this.#newest === undefined) this.#oldest = entry;
    else this.#newest.newer = entry;
    this.#newest = entry;
  }

  #unlink({ older, newer }: Entry<Value>): void {
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
  }
}
