import { isPodReady, isPodTerminal, matchesLabelSelector, type Pod, type PodDisruptionBudget } from "../model/index.ts";
import type { ApiError } from "./api-error.ts";
import type { Store } from "./store.ts";

export interface EvictionVerdict {
  readonly refusal?: ApiError;
  /** The budget that pays for the eviction. */
  readonly budget?: { readonly before: PodDisruptionBudget; readonly after: PodDisruptionBudget };
}

/** pods/eviction of kube-apiserver v1.36: who may be evicted now, and which budget pays for it. */
export function evictionVerdict(store: Store, pod: Pod): EvictionVerdict {
  // Pods that do not run yet, or no longer, cost no budget.
  if (isPodTerminal(pod) || pod.status.phase === "Pending" || pod.metadata.deletionTimestamp !== undefined) return {};
  const budgets: PodDisruptionBudget[] = [];
  for (const budget of store.list("PodDisruptionBudget")) {
    const sameNamespace = budget.metadata.namespace === pod.metadata.namespace;
    if (sameNamespace && matchesLabelSelector(budget.spec.selector, pod.metadata.labels ?? {})) budgets.push(budget);
  }
  const [budget] = budgets;
  if (budget === undefined) return {};
  if (budgets.length > 1) {
    const message = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.";
    return { refusal: { code: 500, reason: "InternalError", message } };
  }
  const { currentHealthy = 0, desiredHealthy = 0, disruptionsAllowed = 0 } = budget.status;
  if (!isPodReady(pod)) {
    const always = budget.spec.unhealthyPodEvictionPolicy === "AlwaysAllow";
    if (always || (currentHealthy >= desiredHealthy && desiredHealthy > 0)) return {};
  }
  if ((budget.status.observedGeneration ?? 0) < (budget.metadata.generation ?? 0)) {
    const message = "The disruption budget is still being processed by the server.";
    return { refusal: tooMany(`Cannot evict pod as it would violate the pod's disruption budget.`, message, 10) };
  }
  if (disruptionsAllowed <= 0) {
    const what =
      currentHealthy > desiredHealthy
        ? "does not allow evicting pods currently" // Bare pods, of which nobody knows how many there should be.
        : `needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`;
    const detail = `The disruption budget ${budget.metadata.name} ${what}`;
    return { refusal: tooMany("Cannot evict pod as it would violate the pod's disruption budget.", detail) };
  }
  const disruptedPods = { ...budget.status.disruptedPods, [pod.metadata.name]: store.clock.time(store.nowUs) };
  const status = { ...budget.status, disruptionsAllowed: disruptionsAllowed - 1, disruptedPods };
  return { budget: { before: budget, after: { ...budget, status } } };
}

function tooMany(message: string, cause: string, retryAfterSeconds?: number): ApiError {
  const causes = [{ reason: "DisruptionBudget", message: cause }];
  return { code: 429, reason: "TooManyRequests", message, causes, retryAfterSeconds };
}
