import type { NodeInfo } from "../snapshot/node-info.ts";

/** Sums by topology key and value. Counts forget a value whose sum returns to 0; weights, which may cancel out, do not. */
export class TopologyCounts {
  readonly #byKey: Map<string, Map<string, number>>;
  readonly #forgetZero: boolean;

  constructor(of: "counts" | "weights", byKey: Map<string, Map<string, number>> = new Map()) {
    this.#byKey = byKey;
    this.#forgetZero = of === "counts";
  }

  clone(): TopologyCounts {
    const copy = new Map<string, Map<string, number>>();
    for (const [key, values] of this.#byKey) copy.set(key, new Map(values));
    return new TopologyCounts(this.#forgetZero ? "counts" : "weights", copy);
  }

  /** Adds to the value that `node` has for `key`; a node without the key counts nowhere. */
  add(node: NodeInfo, key: string, amount: number): void {
    const value = node.labels[key];
    if (value === undefined) return;
    let values = this.#byKey.get(key);
    if (values === undefined) {
      values = new Map();
      this.#byKey.set(key, values);
    }
    const sum = (values.get(value) ?? 0) + amount;
    if (sum !== 0 || !this.#forgetZero) values.set(value, sum);
    else {
      values.delete(value);
      if (values.size === 0) this.#byKey.delete(key);
    }
  }

  /** The sum for the node's value of `key`, 0 if it has none. */
  at(node: NodeInfo, key: string): number {
    const value = node.labels[key];
    return value === undefined ? 0 : (this.#byKey.get(key)?.get(value) ?? 0);
  }

  /** Whether some label of the node has a positive sum. */
  anyPositive(node: NodeInfo): boolean {
    for (const [key, values] of this.#byKey) {
      const value = node.labels[key];
      if (value !== undefined && (values.get(value) ?? 0) > 0) return true;
    }
    return false;
  }

  /** The sums of all keys that the node has. */
  sumOf(node: NodeInfo): number {
    let sum = 0;
    for (const [key, values] of this.#byKey) {
      const value = node.labels[key];
      if (value !== undefined) sum += values.get(value) ?? 0;
    }
    return sum;
  }

  /** Nobody was ever counted, or everybody who was has left. */
  get empty(): boolean {
    return this.#byKey.size === 0;
  }
}
