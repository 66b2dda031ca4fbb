/**
 * Reaches are rounded down to this grid, so that pods on machines with slightly different neighbors are computed as one:
 * 10 millicores below one core, 50 below four, one core below eight, then four, and sixteen from sixteen on. A pod that
 * has many cores within reach needs few of them, so that its neighbors' small changes are none of its business. A limit
 * is kept as it is.
 */
export function roundedReach(millicores: number, limitMillicores: number): number {
  if (millicores === limitMillicores) return millicores;
  const grid = gridOf(millicores);
  return Math.max(1, millicores - (millicores % grid));
}

/** How far what is left for a pod may move, either way, with its rounded reach as it is. `limitMillicores` 0: none. */
export function reachMargin(leftMillicores: number, limitMillicores: number): number {
  if (limitMillicores > 0 && leftMillicores >= limitMillicores) return leftMillicores - limitMillicores;
  const grid = gridOf(leftMillicores);
  const below = leftMillicores < grid ? Math.max(0, leftMillicores - 1) : leftMillicores % grid;
  const next = leftMillicores - (leftMillicores % grid) + grid;
  const above = (limitMillicores > 0 ? Math.min(next, limitMillicores) : next) - leftMillicores - 1;
  return Math.min(below, above);
}

function gridOf(millicores: number): number {
  if (millicores >= 16_000) return 16_000;
  if (millicores >= 8_000) return 4_000;
  if (millicores >= 4_000) return 1_000;
  return millicores >= 1_000 ? 50 : 10;
}
