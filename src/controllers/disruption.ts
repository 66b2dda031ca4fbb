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
  type Kind,
  keyOf,
  matchesLabelSelector,
  type ObjectKey,
  objectKey,
  type Pod,
  type PodDisruptionBudget,
  resourceName,
  sameContent,
  withCondition,
} from "../model/index.ts";
import { goSelectorText } from "./go-selector-text.ts";

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
  const counts = countsWanted(budget, pods, view);
  if ("error" in counts) {
    const message = `Failed to calculate the number of expected pods: ${counts.error}`;
    yield* recordEvent(client, budget, "Warning", "CalculateExpectedPodCountFailed", message);
    return yield* failSafe(budget, counts.error, view);
  }
  const { expectedPods, desiredHealthy, unmanaged } = counts;
  if (unmanaged) yield* recordEvent(client, budget, "Warning", "UnmanagedPods", unmanagedText(budget));
  const { disruptedPods, overdue, recheckUs } = stillDisrupted(budget, pods, view);
  for (const pod of overdue) yield* recordEvent(client, pod, "Warning", "NotDeleted", notDeletedText(budget));
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
  const outcome = yield* write(budget, status);
  if (outcome !== "done" || recheckUs === undefined) return outcome;
  return { requeueInUs: recheckUs - view.nowUs };
}

function* write(budget: PodDisruptionBudget, status: PodDisruptionBudget["status"]): Task<Outcome> {
  if (sameContent(status, budget.status)) return "done";
  const reply = yield* callApi(client, {
    verb: "update",
    next: { ...budget, status } as PodDisruptionBudget,
    part: "status",
  });
  return reply.ok || reply.error.code === 404 ? "done" : { retry: reply.error };
}

/** Nobody may be evicted while the budget cannot be computed. */
function* failSafe(budget: PodDisruptionBudget, error: string, view: View): Task<Outcome> {
  const { status } = budget;
  const condition = {
    type: "DisruptionAllowed",
    status: "False",
    reason: "SyncFailed",
    message: error,
    observedGeneration: status.observedGeneration,
    lastTransitionTime: view.clock.time(view.nowUs),
  };
  return yield* write(budget, {
    ...status,
    disruptionsAllowed: 0,
    conditions: withCondition(status.conditions, condition),
  } as PodDisruptionBudget["status"]);
}

function unmanagedText({ spec }: PodDisruptionBudget): string {
  return `Pods selected by this PodDisruptionBudget (selector: ${goSelectorText(spec.selector)}) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.`;
}

function notDeletedText({ metadata }: PodDisruptionBudget): string {
  return `Pod was expected by PDB ${metadata.namespace}/${metadata.name} to be deleted but it wasn't`;
}

interface Counts {
  readonly expectedPods: number;
  readonly desiredHealthy: number;
  /** Some pods have no controller, and so no count of theirs is known. */
  readonly unmanaged: boolean;
}

/** How many pods there should be, and how many of them healthy; an error where no controller can tell. */
function countsWanted(
  { spec }: PodDisruptionBudget,
  pods: readonly Pod[],
  view: View,
): Counts | { readonly error: string } {
  const { minAvailable, maxUnavailable } = spec;
  if (maxUnavailable === undefined && typeof minAvailable === "number")
    return { expectedPods: pods.length, desiredHealthy: minAvailable, unmanaged: false };
  if (maxUnavailable === undefined && minAvailable === undefined)
    return { expectedPods: 0, desiredHealthy: 0, unmanaged: false };
  const scales = scaleOfControllers(pods, view);
  if ("error" in scales) return scales;
  const { expectedPods } = scales;
  const desiredHealthy =
    maxUnavailable === undefined
      ? scaled(minAvailable!, expectedPods)
      : Math.max(0, expectedPods - scaled(maxUnavailable, expectedPods));
  return { ...scales, desiredHealthy };
}

/** Percentages round up. */
function scaled(amount: number | string, total: number): number {
  return typeof amount === "number" ? amount : Math.ceil((Number(amount.replace("%", "")) * total) / 100);
}

/** The sum of what the distinct controllers of the pods want. Bare pods do not count; a controller without a scale is an error. */
function scaleOfControllers(
  pods: readonly Pod[],
  view: View,
): Omit<Counts, "desiredHealthy"> | { readonly error: string } {
  const seen = new Map<string, number>();
  let unmanaged = false;
  for (const pod of pods) {
    const owner = controllerOf(pod);
    if (owner === undefined) {
      unmanaged = true;
      continue;
    }
    const { kind, apiVersion, uid, name } = owner;
    if (seen.has(uid)) continue;
    if (!scalableKinds.has(kind)) {
      const resource = resourceName(kind as Kind, apiVersion);
      return { error: `${resource} does not implement the scale subresource` };
    }
    const scale = view.get(kind as ScalableKind, objectKey(pod.metadata.namespace, name));
    if (scale?.metadata.uid !== uid) return { error: `found no controllers for pod "${pod.metadata.name}"` };
    // A ReplicaSet of a Deployment speaks for it: two of one Deployment during a roll-out count once.
    const parent = kind === "ReplicaSet" ? controllerOf(scale) : undefined;
    const deployment =
      parent?.kind === "Deployment"
        ? view.get("Deployment", objectKey(pod.metadata.namespace, parent.name))
        : undefined;
    const { metadata, spec } = deployment ?? scale;
    seen.set(metadata.uid, spec.replicas ?? 1);
  }
  const expectedPods = [...seen.values()].reduce((sum, replicas) => sum + replicas, 0);
  return { expectedPods, unmanaged };
}

type ScalableKind = "ReplicaSet" | "StatefulSet" | "ReplicationController";

const scalableKinds: ReadonlySet<string> = new Set<ScalableKind>([
  "ReplicaSet",
  "StatefulSet",
  "ReplicationController",
]);

/** Granted evictions whose pods are still there and not being deleted, for two minutes at most. */
function stillDisrupted(
  { status }: PodDisruptionBudget,
  pods: readonly Pod[],
  view: View,
): {
  readonly disruptedPods: Readonly<Record<string, string>>;
  readonly overdue: readonly Pod[];
  readonly recheckUs: number | undefined;
} {
  const disruptedPods: Record<string, string> = {};
  const overdue: Pod[] = [];
  let recheckUs: number | undefined;
  for (const pod of pods) {
    const { metadata } = pod;
    const grantedAt = status.disruptedPods?.[metadata.name];
    if (grantedAt === undefined || metadata.deletionTimestamp !== undefined) continue;
    const untilUs = view.clock.instantUs(grantedAt) + disruptedTimeoutUs;
    if (untilUs <= view.nowUs) {
      overdue.push(pod);
      continue;
    }
    disruptedPods[metadata.name] = grantedAt;
    recheckUs = recheckUs === undefined ? untilUs : Math.min(recheckUs, untilUs);
  }
  return { disruptedPods, overdue, recheckUs };
}
