import fc from "fast-check";
import { expect, it } from "vitest";
import { chooseHost, numFeasibleNodesToFind } from "../../src/scheduler/index.ts";

/** container/heap's Init, as kube-scheduler 1.36 uses it: the root wins. */
function rootOfHeap(totals: readonly number[]): number {
  const heap = totals.map((_total, index) => index);
  const higher = (left: number, right: number): boolean => totals[heap[left]!]! > totals[heap[right]!]!;
  for (let start = (heap.length >> 1) - 1; start >= 0; start--) {
    for (let at = start; ; ) {
      const left = 2 * at + 1;
      if (left >= heap.length) break;
      const child = left + 1 < heap.length && higher(left + 1, left) ? left + 1 : left;
      if (!higher(child, at)) break;
      [heap[at], heap[child]] = [heap[child]!, heap[at]!];
      at = child;
    }
  }
  return heap[0]!;
}

it("chooses among equals as the heap that upstream builds", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(3), { minLength: 1, maxLength: 200 }), (totals) => {
      expect(chooseHost(totals)).toBe(rootOfHeap(totals));
    }),
  );
});

it.each([
  { nodes: 99, percentage: 0, wanted: 99, because: "small clusters are searched as a whole" },
  { nodes: 250, percentage: 0, wanted: 120, because: "48 % of the nodes" },
  { nodes: 5000, percentage: 0, wanted: 500, because: "10 % of the nodes" },
  { nodes: 15_000, percentage: 0, wanted: 750, because: "never less than 5 %" },
  { nodes: 120, percentage: 1, wanted: 100, because: "never less than a hundred" },
])("wants $wanted feasible nodes of $nodes at $percentage %: $because", ({ nodes, percentage, wanted }) => {
  expect(numFeasibleNodesToFind(nodes, percentage)).toBe(wanted);
});
