import {
  type Change,
  type Controller,
  callApi,
  type Outcome,
  recordEvent,
  type Task,
  type View,
} from "../client/index.ts";
import {
  controllerOf,
  isPodReady,
  isPodTerminal,
  keyOf,
  matchesLabelSelector,
  type ObjectKey,
  objectKey,
  type Pod,
  type PodDisruptionBudget,
  sameContent,
  withCondition,
} from "../model/index.ts";

const client = "disruption-controller";
/** An eviction that was granted and never seen stops counting after this. */
const disruptedTimeoutUs = 120_000_000;

/** disruption-controller of kube-controller-manager v1.36: what a PodDisruptionBudget allows now. */
export const disruptionController: Controller<undefined> = {
  name: client,
  workers: 1,
  memory: () => undefined,
  watches: [
    {
      kind: "PodDisruptionBudget",
      keys: ({ key }: Change<PodDisruptionBudget>) => [key],
    },
    { kind: "Pod", keys: podKeys },
    { kind: "Deployment", keys: () => [] },
    { kind: "ReplicaSet", keys: () => [] },
    { kind: "StatefulSet", keys: () => [] },
    { kind: "ReplicationController", keys: () => [] },
  ],
  reconcile,
};

function podKeys({ before, after }: Change<Pod>, view: View): ObjectKey[] {
  const pod = (after ?? before)!;
  const same =
    before !== undefined &&
    after !== undefined &&
    isPodReady(before) === isPodReady(after) &&
    before.metadata.deletionTimestamp === after.metadata.deletionTimestamp &&
    before.status.phase === after.status.phase &&
    before.metadata.labels === after.metadata.labels;
  if (same) return [];
  const keys: ObjectKey[] = [];
  for (const budget of view.inNamespace("PodDisruptionBudget", pod.metadata.namespace ?? "")) {
    if (matchesLabelSelector(budget.spec.selector, pod.metadata.labels ?? {})) keys.push(keyOf(budget));
  }
  return keys;
}

function* reconcile(key: ObjectKey, view: View): Task<Outcome> {
  const budget = view.get("PodDisruptionBudget", key);
  if (budget === undefined) return "done";
  const pods = view
    .podsMatching(budget.metadata.namespace ?? "", budget.spec.selector)
    .filter((pod) => !isPodTerminal(pod));
  if (pods.length === 0) yield* recordEvent(client, budget, "Normal", "NoPods", "No matching pods found");
  const { expectedPods, desiredHealthy } = countsWanted(budget, pods, view);
  const { disruptedPods, recheckUs } = stillDisrupted(budget, pods, view);
  const currentHealthy = pods.filter(
    (pod) =>
      isPodReady(pod) && pod.metadata.deletionTimestamp === undefined && disruptedPods[pod.metadata.name] === undefined,
  ).length;
  const disruptionsAllowed = expectedPods <= 0 ? 0 : Math.max(0, currentHealthy - desiredHealthy);
  const sufficient = disruptionsAllowed > 0;
  const condition = {
    type: "DisruptionAllowed",
    status: sufficient ? "True" : "False",
    reason: sufficient ? "SufficientPods" : "InsufficientPods",
    message: "",
    observedGeneration: budget.metadata.generation,
    lastTransitionTime: view.clock.time(view.nowUs),
  };
  const status = {
    ...(Object.keys(disruptedPods).length > 0 && { disruptedPods }),
    disruptionsAllowed,
    currentHealthy,
    desiredHealthy,
    expectedPods,
    observedGeneration: budget.metadata.generation,
    conditions: withCondition(budget.status.conditions, condition),
  };
  if (!sameContent(status, budget.status)) {
    const reply = yield* callApi(client, {
      verb: "update",
      next: { ...budget, status } as PodDisruptionBudget,
      part: "status",
    });
    if (!reply.ok && reply.error.code !== 404) return { retry: reply.error };
  }
  return recheckUs === undefined ? "done" : { requeueInUs: recheckUs - view.nowUs };
}

/** How many pods there should be, and how many of them healthy. */
function countsWanted(
  budget: PodDisruptionBudget,
  pods: readonly Pod[],
  view: View,
): { readonly expectedPods: number; readonly desiredHealthy: number } {
  const { minAvailable, maxUnavailable } = budget.spec;
  if (typeof minAvailable === "number") return { expectedPods: pods.length, desiredHealthy: minAvailable };
  const expectedPods = scaleOfControllers(pods, view);
  if (maxUnavailable !== undefined) {
    return { expectedPods, desiredHealthy: Math.max(0, expectedPods - scaled(maxUnavailable, expectedPods)) };
  }
  return { expectedPods, desiredHealthy: minAvailable === undefined ? 0 : scaled(minAvailable, expectedPods) };
}

/** Percentages round up. */
function scaled(amount: number | string, total: number): number {
  return typeof amount === "number" ? amount : Math.ceil((Number(amount.replace("%", "")) * total) / 100);
}

/** The sum of what the distinct owners of the pods want. Bare pods do not count. */
function scaleOfControllers(pods: readonly Pod[], view: View): number {
  const seen = new Map<string, number>();
  for (const pod of pods) {
    const { namespace } = pod.metadata;
    const owner = controllerOf(pod);
    if (owner === undefined) continue;
    const key = objectKey(namespace, owner.name);
    if (owner.kind === "ReplicaSet") {
      const replicaSet = view.get("ReplicaSet", key);
      const parent = replicaSet && controllerOf(replicaSet);
      const deployment =
        parent?.kind === "Deployment" ? view.get("Deployment", objectKey(namespace, parent.name)) : undefined;
      if (deployment !== undefined) seen.set(deployment.metadata.uid, deployment.spec.replicas ?? 1);
      else if (replicaSet !== undefined) seen.set(replicaSet.metadata.uid, replicaSet.spec.replicas ?? 1);
    } else if (owner.kind === "StatefulSet" || owner.kind === "ReplicationController") {
      const scalable = view.get(owner.kind, key) as { spec?: { replicas?: number } } | undefined;
      if (scalable !== undefined) seen.set(owner.uid, scalable.spec?.replicas ?? 1);
    }
  }
  return [...seen.values()].reduce((sum, replicas) => sum + replicas, 0);
}

/** Granted evictions whose pods are still there and not being deleted, for two minutes at most. */
function stillDisrupted(
  { status }: PodDisruptionBudget,
  pods: readonly Pod[],
  view: View,
): { readonly disruptedPods: Readonly<Record<string, string>>; readonly recheckUs: number | undefined } {
  const disruptedPods: Record<string, string> = {};
  let recheckUs: number | undefined;
  for (const { metadata } of pods) {
    const grantedAt = status.disruptedPods?.[metadata.name];
    if (grantedAt === undefined || metadata.deletionTimestamp !== undefined) continue;
    const untilUs = view.clock.instantUs(grantedAt) + disruptedTimeoutUs;
    if (untilUs <= view.nowUs) continue;
    disruptedPods[metadata.name] = grantedAt;
    recheckUs = recheckUs === undefined ? untilUs : Math.min(recheckUs, untilUs);
  }
  return { disruptedPods, recheckUs };
}
