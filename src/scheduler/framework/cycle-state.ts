/** What a plugin keeps between the extension points of one cycle. `clone` is asked before preemption tries pods out. */
export interface StateData {
  clone(): StateData;
}

/** Scratch memory of one scheduling cycle. */
export class CycleState {
  readonly #data: Map<string, StateData>;
  /** Plugins whose Filter (and add/remove-pod extensions) is not run for this pod. */
  readonly skipFilter: Set<string>;
  /** Plugins that give no score for this pod. */
  readonly skipScore: Set<string>;

  constructor(
    data: Map<string, StateData> = new Map(),
    skipFilter: Set<string> = new Set(),
    skipScore: Set<string> = new Set(),
  ) {
    this.#data = data;
    this.skipFilter = skipFilter;
    this.skipScore = skipScore;
  }

  /** What was written under `key` in this cycle. The caller knows the type, as it wrote it. */
  read<T extends StateData>(key: string): T | undefined {
    return this.#data.get(key) as T | undefined;
  }

  write(key: string, data: StateData): void {
    this.#data.set(key, data);
  }

  /** The same data, with other plugins skipped. */
  skipping(skipFilter: Iterable<string>, skipScore: Iterable<string>): CycleState {
    return new CycleState(this.#data, new Set(skipFilter), new Set(skipScore));
  }

  /** A copy whose plugin states may be changed freely (`AddPod`, `RemovePod`). */
  clone(): CycleState {
    const data = new Map<string, StateData>();
    for (const [key, value] of this.#data) data.set(key, value.clone());
    return new CycleState(data, this.skipFilter, this.skipScore);
  }
}
