import { compareText, isPodReady, type Pod, podCondition, type WallClock } from "../../model/index.ts";

/** A pod with what decides about it, read once however often it is compared. */
interface Ranked {
  readonly pod: Pod;
  readonly assigned: number;
  readonly phase: number;
  readonly ready: number;
  readonly cost: number;
  /** Active pods of the same Deployment on the pod's node, itself included. */
  readonly neighbours: number;
  readonly restarts: number;
  /** Age buckets, computed where it comes to them. */
  readyBucket: number | undefined;
  createdBucket: number | undefined;
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
  const ranked = pods.map(
    (pod): Ranked => ({
      pod,
      assigned: Number(isAssigned(pod)),
      phase: phaseRank(pod),
      ready: Number(isPodReady(pod)),
      cost: deletionCost(pod),
      neighbours: neighboursOn(pod.spec.nodeName ?? ""),
      restarts: maxRestarts(pod),
      readyBucket: undefined,
      createdBucket: undefined,
    }),
  );
  return ranked.sort((a, b) => compare(a, b, clock, nowUs)).map(({ pod }) => pod);
}

function compare(a: Ranked, b: Ranked, clock: WallClock, nowUs: number): number {
  if (a.assigned !== b.assigned) return a.assigned - b.assigned;
  if (a.phase !== b.phase) return a.phase - b.phase;
  if (a.ready !== b.ready) return a.ready - b.ready;
  if (a.cost !== b.cost) return a.cost - b.cost;
  if (a.neighbours !== b.neighbours) return b.neighbours - a.neighbours;
  const left = a.pod;
  const right = b.pod;
  // Younger first, by powers of two; equal times say nothing.
  if (a.ready === 1 && readySince(left) !== readySince(right)) {
    a.readyBucket ??= ageBucket(readySince(left), clock, nowUs);
    b.readyBucket ??= ageBucket(readySince(right), clock, nowUs);
    const byAge = a.readyBucket - b.readyBucket;
    return byAge !== 0 ? byAge : compareText(left.metadata.uid, right.metadata.uid);
  }
  if (a.restarts !== b.restarts) return b.restarts - a.restarts;
  if (left.metadata.creationTimestamp !== right.metadata.creationTimestamp) {
    a.createdBucket ??= ageBucket(left.metadata.creationTimestamp, clock, nowUs);
    b.createdBucket ??= ageBucket(right.metadata.creationTimestamp, clock, nowUs);
    if (a.createdBucket !== b.createdBucket) return a.createdBucket - b.createdBucket;
  }
  return compareText(left.metadata.uid, right.metadata.uid);
}

function readySince(pod: Pod): string | undefined {
  return podCondition(pod, "Ready")?.lastTransitionTime;
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

/** Powers of two of the age in nanoseconds; the least for what is unknown or to come. */
function ageBucket(time: string | undefined, clock: WallClock, nowUs: number): number {
  const ageUs = time === undefined ? 0 : nowUs - clock.instantUs(time);
  if (ageUs <= 0) return -1;
  let bucket = 0;
  for (let left = Math.floor((ageUs * 1000) / 2); left >= 1; left = Math.floor(left / 2)) bucket += 1;
  return bucket;
}

/** The most restarted regular container; sidecars count only among pods that are equal in these. */
function maxRestarts({ spec, status }: Pod): number {
  const regular = mostRestarts(status.containerStatuses);
  if (status.initContainerStatuses === undefined) return regular;
  const sidecars = new Set(
    (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === "Always").map(({ name }) => name),
  );
  return regular + mostRestarts(status.initContainerStatuses.filter(({ name }) => sidecars.has(name))) / 4_294_967_296;
}

function mostRestarts(statuses: readonly { readonly restartCount: number }[] = []): number {
  let most = 0;
  for (const { restartCount } of statuses) most = Math.max(most, restartCount);
  return most;
}
