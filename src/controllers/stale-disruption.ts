import type { Change, Controller, Outcome, Task, View } from "../client/index.ts";
import { findCondition, isPodTerminal, keyOf, type ObjectKey, type Pod, withCondition } from "../model/index.ts";
import { patchPod } from "./pod-control.ts";

const client = "disruption-controller";
/** `stalePodDisruptionTimeout`. */
const staleUs = 120_000_000;

/**
 * The second queue of disruption-controller of kube-controller-manager v1.36: a pod that was said to be about to be disrupted
 * and is not being deleted two minutes later is not. What the kubelet says of an end of its own never grows stale.
 */
export const staleDisruptionController: Controller<undefined> = {
  name: client,
  workers: 1,
  memory: () => undefined,
  watches: [{ kind: "Pod", keys: podKeys }],
  reconcile,
};

function podKeys({ before, after }: Change<Pod>, view: View): ObjectKey[] {
  if (after === undefined || before?.status.conditions === after.status.conditions) return [];
  return staleAtUs(after, view) === undefined ? [] : [keyOf(after)];
}

/** When the pod's condition grows stale; `undefined`: never. */
function staleAtUs(pod: Pod, view: View): number | undefined {
  if (pod.metadata.deletionTimestamp !== undefined || isPodTerminal(pod)) return undefined;
  const condition = findCondition(pod.status.conditions, "DisruptionTarget");
  if (condition?.status !== "True" || condition.reason === "TerminationByKubelet") return undefined;
  return view.clock.instantUs(condition.lastTransitionTime ?? "") + staleUs;
}

function* reconcile(key: ObjectKey, view: View): Task<Outcome> {
  const pod = view.get("Pod", key);
  const atUs = pod && staleAtUs(pod, view);
  if (pod === undefined || atUs === undefined) return "done";
  if (atUs > view.nowUs) return { requeueInUs: atUs - view.nowUs };
  const condition = {
    type: "DisruptionTarget",
    status: "False",
    observedGeneration: pod.metadata.generation,
    lastTransitionTime: view.clock.time(view.nowUs),
  };
  const reply = yield* patchPod(client, pod, "status", (stored) => ({
    ...stored,
    status: { ...stored.status, conditions: withCondition(stored.status.conditions, condition) },
  }));
  return reply.ok || reply.error.code === 404 ? "done" : { retry: reply.error };
}
