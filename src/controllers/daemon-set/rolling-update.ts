import { type DaemonSet, type Pod, scaledIntOrPercent } from "../../model/index.ts";
import { revisionLabel } from "./revisions.ts";

export interface RollingStep {
  readonly remove: readonly Pod[];
  /** Nodes that get a second pod beside the old one. */
  readonly create: readonly string[];
}

/** maxSurge and maxUnavailable in pods; both round up, and one pod may be unavailable if both come to nothing. */
function daemonBounds(set: DaemonSet, desired: number): { maxSurge: number; maxUnavailable: number } {
  const { maxSurge = 0, maxUnavailable = 1 } = set.spec.updateStrategy?.rollingUpdate ?? {};
  const surge = scaledIntOrPercent(maxSurge, desired, true);
  const unavailable = scaledIntOrPercent(maxUnavailable, desired, true);
  return { maxSurge: surge, maxUnavailable: desired > 0 && surge === 0 && unavailable === 0 ? 1 : unavailable };
}

interface Pair {
  readonly newPod: Pod | undefined;
  readonly oldPod: Pod | undefined;
}

/** The pods of a node that stay, by revision; `undefined` when one revision has several. */
function pairOf(pods: readonly Pod[], hash: string): Pair | undefined {
  let [newPod, oldPod]: (Pod | undefined)[] = [];
  for (const pod of pods) {
    if (pod.metadata.deletionTimestamp !== undefined) continue;
    if (pod.metadata.labels?.[revisionLabel] === hash) {
      if (newPod !== undefined) return undefined;
      newPod = pod;
    } else {
      if (oldPod !== undefined) return undefined;
      oldPod = pod;
    }
  }
  return { newPod, oldPod };
}

/** What a rolling update does next (rollingUpdate of daemon-set-controller, v1.36). */
export function rollingStep(
  set: DaemonSet,
  nodes: ReadonlyMap<string, readonly Pod[]>,
  hash: string,
  desired: number,
  isAvailable: (pod: Pod) => boolean,
): RollingStep {
  const { maxSurge, maxUnavailable } = daemonBounds(set, desired);
  const pairs = [...nodes].map(([node, pods]) => ({ node, pair: pairOf(pods, hash) }));
  if (maxSurge > 0) return surgeStep(pairs, maxSurge, isAvailable);
  const broken: Pod[] = [];
  const candidates: Pod[] = [];
  let unavailable = 0;
  for (const { pair } of pairs) {
    // Nodes with two pods, or none, are for the other half of the sync: unavailable until then.
    if (pair === undefined || (pair.newPod === undefined) === (pair.oldPod === undefined)) unavailable += 1;
    else if (pair.newPod !== undefined) {
      if (!isAvailable(pair.newPod)) unavailable += 1;
    } else if (!isAvailable(pair.oldPod!)) {
      broken.push(pair.oldPod!);
      unavailable += 1;
    } else if (unavailable < maxUnavailable) candidates.push(pair.oldPod!);
  }
  const budget = Math.max(0, maxUnavailable - unavailable);
  return { remove: [...broken, ...candidates.slice(0, budget)], create: [] };
}

function surgeStep(
  pairs: readonly { readonly node: string; readonly pair: Pair | undefined }[],
  maxSurge: number,
  isAvailable: (pod: Pod) => boolean,
): RollingStep {
  const remove: Pod[] = [];
  const free: string[] = [];
  const candidates: string[] = [];
  let surging = 0;
  for (const { node, pair } of pairs) {
    if (pair === undefined) surging += 1;
    else if (pair.oldPod === undefined) continue;
    else if (pair.newPod === undefined) {
      if (!isAvailable(pair.oldPod)) free.push(node);
      else if (surging < maxSurge) candidates.push(node);
    } else if (!isAvailable(pair.newPod)) surging += 1;
    else remove.push(pair.oldPod);
  }
  return { remove, create: [...free, ...candidates.slice(0, Math.max(0, maxSurge - surging))] };
}
