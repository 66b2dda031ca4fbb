/**
 * The index that kube-scheduler 1.36 takes among equals: the root of a binary max-heap built bottom-up over the totals, where a
 * child moves up only if strictly greater, and the right child only if strictly greater than the left. That is the first of the
 * highest totals in pre-order of the heap's tree, so no heap has to be built.
 */
export function chooseHost(totals: ArrayLike<number>): number {
  let best = 0;
  for (let at = 1; at < totals.length; at++) {
    const total = totals[at]!;
    const highest = totals[best]!;
    if (total > highest || (total === highest && treeOrder(at) < treeOrder(best))) best = at;
  }
  return best;
}

/** A number that grows from node to node when a binary tree numbered row by row is walked node, left, right. */
export function treeOrder(index: number): number {
  // Counted from 1, the bits after the first one are the way down from the root; of two ways that begin alike the shorter is first.
  const number = index + 1;
  return ((number << Math.clz32(number)) >>> 0) * 65536 + (31 - Math.clz32(number));
}
