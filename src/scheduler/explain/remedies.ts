import { amountText, type Missing } from "./missing.ts";

/** Nodes that lack the same things, and how little of them would do on the best of these. */
export interface Remedy {
  readonly nodes: number;
  /** The node that comes closest. */
  readonly closest: string;
  /** All of these together let the pod run on that node. */
  readonly missing: readonly string[];
}

interface Lacking {
  readonly node: string;
  readonly missing: readonly Missing[];
}

/** What would let the pod run somewhere: the least of each kind, the fewest things first, then what concerns most nodes. */
export function remediesOf(nodes: readonly Lacking[]): readonly Remedy[] {
  const groups = new Map<string, Lacking[]>();
  for (const lacking of nodes) {
    const key = lacking.missing.map(({ what }) => what).join("; ");
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [lacking]);
    else group.push(lacking);
  }
  return [...groups.values()]
    .map((group) => {
      const closest = group.reduce((best, one) => (isLess(one.missing, best.missing) ? one : best));
      return { nodes: group.length, closest: closest.node, missing: closest.missing.map(missingText) };
    })
    .sort((left, right) => left.missing.length - right.missing.length || right.nodes - left.nodes);
}

/** Of the same things in the same order: the first amount that differs decides. */
function isLess(left: readonly Missing[], right: readonly Missing[]): boolean {
  for (const [index, { amount = 0 }] of left.entries()) {
    const other = right[index]!.amount ?? 0;
    if (amount !== other) return amount < other;
  }
  return false;
}

/** `500m cpu freed`, `label disk=ssd`. */
export function missingText({ what, amount }: Missing): string {
  return amount === undefined || what.startsWith("room") ? what : `${amountText(what, amount)} ${what}`;
}
