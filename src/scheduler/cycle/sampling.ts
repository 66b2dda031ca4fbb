const minFeasibleNodesToFind = 100;
const minPercentage = 5;

/** How many feasible nodes are enough. `percentage`: 0 is adaptive to the size of the cluster. */
export function numFeasibleNodesToFind(numAllNodes: number, percentage: number): number {
  if (numAllNodes < minFeasibleNodesToFind) return numAllNodes;
  const share = percentage === 0 ? Math.max(50 - Math.trunc(numAllNodes / 125), minPercentage) : percentage;
  return Math.max(Math.trunc((numAllNodes * share) / 100), minFeasibleNodesToFind);
}
