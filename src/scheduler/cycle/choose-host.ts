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
    if (total > highest || (total === highest && precedesInTree(at, best))) best = at;
  }
  return best;
}

/** Whether `left` comes before `right` when a binary tree numbered row by row is walked node, left, right. */
export function precedesInTree(left: number, right: number): boolean {
  // Counted from 1, the bits after the first one are the way down from the root.
  const [a, b] = [left + 1, right + 1];
  const [wayA, wayB] = [(a << Math.clz32(a)) >>> 0, (b << Math.clz32(b)) >>> 0];
  return wayA === wayB ? a < b : wayA < wayB;
}
