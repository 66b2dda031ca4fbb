import { compareText, isPodReady, type Pod, podCondition, type WallClock } from "../../model/index.ts";

/** A pod with what its rank depends on besides itself. */
interface Ranked {
  readonly pod: Pod;
  /** Active pods of the same Deployment on the pod's node, itself included. */
  readonly neighbours: number;
}

/**
 * Pods in the order in which a ReplicaSet gives them up (ActivePodsWithRanks, kube-controller-manager v1.36): the first
 * differing rule decides.
 */
export function inDeletionOrder(
  pods: readonly Pod[],
  neighboursOn: (node: string) => number,
  clock: WallClock,
  nowUs: number,
): Pod[] {
  const ranked = pods.map((pod) => ({ pod, neighbours: neighboursOn(pod.spec.nodeName ?? "") }));
  return ranked.sort((a, b) => compare(a, b, clock, nowUs)).map(({ pod }) => pod);
}

function compare(a: Ranked, b: Ranked, clock: WallClock, nowUs: number): number {
  const left = a.pod;
  const right = b.pod;
  const assigned = Number(isAssigned(left)) - Number(isAssigned(right));
  if (assigned !== 0) return assigned;
  const phase = phaseRank(left) - phaseRank(right);
  if (phase !== 0) return phase;
  const ready = Number(isPodReady(left)) - Number(isPodReady(right));
  if (ready !== 0) return ready;
  const cost = deletionCost(left) - deletionCost(right);
  if (cost !== 0) return cost;
  if (a.neighbours !== b.neighbours) return b.neighbours - a.neighbours;
  if (isPodReady(left) && isPodReady(right)) {
    const since = (pod: Pod): string | undefined => podCondition(pod, "Ready")?.lastTransitionTime;
    const byAge = compareAges(since(left), since(right), clock, nowUs);
    if (byAge !== "equal") return byAge !== 0 ? byAge : compareText(left.metadata.uid, right.metadata.uid);
  }
  const restarts = maxRestarts(right) - maxRestarts(left);
  if (restarts !== 0) return restarts;
  const byAge = compareAges(left.metadata.creationTimestamp, right.metadata.creationTimestamp, clock, nowUs);
  if (byAge !== "equal" && byAge !== 0) return byAge;
  return compareText(left.metadata.uid, right.metadata.uid);
}

function isAssigned(pod: Pod): boolean {
  return (pod.spec.nodeName ?? "") !== "";
}

function phaseRank({ status }: Pod): number {
  return status.phase === "Pending" ? 0 : status.phase === "Unknown" ? 1 : 2;
}

function deletionCost({ metadata }: Pod): number {
  const cost = metadata.annotations?.["controller.kubernetes.io/pod-deletion-cost"];
  return cost !== undefined && /^(0|-?[1-9]\d*)$/.test(cost) ? Number(cost) : 0;
}

/** Younger first, by powers of two of nanoseconds; 0 in one bucket, `equal` when the times are the same or unknown. */
function compareAges(
  left: string | undefined,
  right: string | undefined,
  clock: WallClock,
  nowUs: number,
): number | "equal" {
  if (left === right) return "equal";
  return ageBucket(left, clock, nowUs) - ageBucket(right, clock, nowUs);
}

function ageBucket(time: string | undefined, clock: WallClock, nowUs: number): number {
  const ageUs = time === undefined ? 0 : nowUs - clock.instantUs(time);
  if (ageUs <= 0) return -1;
  let bucket = 0;
  for (let left = Math.floor((ageUs * 1000) / 2); left >= 1; left = Math.floor(left / 2)) bucket += 1;
  return bucket;
}

/** The most restarted regular container; sidecars count only among pods that are equal in these. */
function maxRestarts({ spec, status }: Pod): number {
  const most = (statuses: readonly { readonly restartCount: number }[]): number =>
    statuses.reduce((highest, { restartCount }) => Math.max(highest, restartCount), 0);
  const sidecars = new Set(
    (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === "Always").map(({ name }) => name),
  );
  const regular = most(status.containerStatuses ?? []);
  const sidecar = most((status.initContainerStatuses ?? []).filter(({ name }) => sidecars.has(name)));
  return regular + sidecar / 4_294_967_296;
}
