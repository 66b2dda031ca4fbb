import type { NodeToStatus } from "../framework/plugin.ts";
import type { Status } from "../framework/status.ts";
import type { NodeInfo } from "../snapshot/node-info.ts";
import type { LocalClass } from "./local-class.ts";

/** Statuses of nodes as verdicts tell them; the list by name is made only if somebody asks for it. */
export class VerdictStatuses implements NodeToStatus {
  readonly counts: readonly (readonly [Status, number])[];
  readonly absent: Status = { code: "UnschedulableAndUnresolvable", reasons: [] };
  readonly #verdicts: Uint16Array;
  readonly #statuses: readonly Status[];
  readonly #order: readonly NodeInfo[];
  #byNode: ReadonlyMap<string, Status> | undefined;

  constructor({ verdicts, statuses }: LocalClass, order: readonly NodeInfo[], slots: Int32Array) {
    const counted = new Int32Array(statuses.length + 1);
    for (let at = 0; at < slots.length; at++) counted[verdicts[slots[at]!]!]!++;
    this.counts = statuses
      .map((status, index) => [status, counted[index + 1]!] as const)
      .filter(([, nodes]) => nodes > 0);
    this.#verdicts = verdicts.slice();
    this.#statuses = statuses;
    this.#order = order;
  }

  withCode(code: Status["code"]): readonly NodeInfo[] {
    if (this.counts.every(([status]) => status.code === code)) return this.#order;
    if (this.counts.every(([status]) => status.code !== code)) return [];
    const nodes: NodeInfo[] = [];
    const has = [false, ...this.#statuses.map((status) => status.code === code)];
    for (const node of this.#order) if (has[this.#verdicts[node.slot]!]) nodes.push(node);
    return nodes;
  }

  of({ slot }: NodeInfo): Status {
    return this.#statuses[this.#verdicts[slot]! - 1]!;
  }

  get byNode(): ReadonlyMap<string, Status> {
    this.#byNode ??= new Map(this.#order.map(({ name, slot }) => [name, this.#statuses[this.#verdicts[slot]! - 1]!]));
    return this.#byNode;
  }
}
