import type { Node } from "../../model/index.ts";

/** What the provider sells under a name, and does not change during a run. */
export interface NodeGroupSpec {
  readonly id: string;
  /** What a new node of the group looks like, says the provider. */
  readonly template: Node;
  /** US dollars for one node for an hour; absent when the provider has no prices. */
  readonly pricePerHour?: number;
  /** All nodes or none: `ZeroOrMaxNodeScaling`. */
  readonly zeroOrMax?: boolean;
}

/** One instance as the provider lists it. Its name is also that of its Node. */
export interface Instance {
  readonly name: string;
  readonly state: "creating" | "running" | "deleting";
  readonly error?: { readonly class: string; readonly code: string; readonly message: string };
}

/** A node group as it stands: limits, target size and instances. */
export interface NodeGroup {
  readonly spec: NodeGroupSpec;
  readonly min: number;
  readonly max: number;
  /** Follows the autoscaler's own calls until the next refresh. */
  target: number;
  instances: readonly Instance[];
}

/** The groups of the last refresh, in the order of their ids. */
export class NodeGroups {
  readonly #groups = new Map<string, NodeGroup>();
  readonly #groupOfNode = new Map<string, NodeGroup>();

  constructor(groups: readonly NodeGroup[]) {
    for (const group of [...groups].sort((a, b) => (a.spec.id < b.spec.id ? -1 : 1))) {
      this.#groups.set(group.spec.id, group);
      for (const { name } of group.instances) this.#groupOfNode.set(name, group);
    }
  }

  [Symbol.iterator](): IterableIterator<NodeGroup> {
    return this.#groups.values();
  }

  get(id: string): NodeGroup | undefined {
    return this.#groups.get(id);
  }

  /** The group that a node, or an instance of that name, belongs to. */
  ofNode(name: string): NodeGroup | undefined {
    return this.#groupOfNode.get(name);
  }
}
