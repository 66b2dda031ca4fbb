import type { Change, Controller, Outcome, Task, View } from "../../client/index.ts";
import { controllerOf, type KubeObject, type ObjectKey, objectKey } from "../../model/index.ts";
import type { TriggerFailures } from "./fallback.ts";
import { ensureFinalizer, finalize } from "./finalizer.ts";
import { type KedaSources, triggerSources } from "./keda-metrics.ts";
import { keepAutoscaler } from "./keep-autoscaler.ts";
import { keepPaused } from "./keep-paused.ts";
import { pauseOf } from "./pause.ts";
import { poll } from "./scale-loop.ts";
import { client, type ScaledObject } from "./scaled-object.ts";

const defaultPollingSeconds = 30;

interface KedaMemory {
  /** When each ScaledObject's scale loop polls next. */
  readonly dueUs: Map<ObjectKey, number>;
}

/**
 * keda-operator (as of 2026-08): keeps an HPA for each ScaledObject, and polls its triggers every `pollingInterval` to
 * bring the target from 0 to 1 and back. Between 1 and the greatest count the HPA decides, by metrics that come from here.
 */
export function kedaOperator(sources: KedaSources, failures: TriggerFailures): Controller<KedaMemory> {
  return {
    name: client,
    workers: 5,
    memory: () => ({ dueUs: new Map() }),
    watches: [
      { kind: "ScaledObject", keys: ({ key }: Change<ScaledObject>) => [key] },
      {
        kind: "HorizontalPodAutoscaler",
        keys: ({ before, after }: Change) => (after === undefined ? owners(before) : []),
      },
      // The scale executor reads what it scales from its cache.
      { kind: "Deployment", keys: () => [] },
      { kind: "StatefulSet", keys: () => [] },
    ],
    *reconcile(key: ObjectKey, view: View, { dueUs }: KedaMemory): Task<Outcome> {
      const scaledObject = view.get("ScaledObject", key) as ScaledObject | undefined;
      if (scaledObject === undefined || scaledObject.metadata.deletionTimestamp !== undefined) {
        dueUs.delete(key);
        failures.forget(key);
        return scaledObject === undefined ? "done" : yield* finalize(scaledObject);
      }
      const unfinalized = yield* ensureFinalizer(scaledObject);
      if (unfinalized !== undefined) return unfinalized;
      const pause = pauseOf(scaledObject);
      if (pause.whole) {
        dueUs.delete(key);
        return (yield* keepPaused(scaledObject, pause, view)) ?? "done";
      }
      const refused = yield* keepAutoscaler(scaledObject, view);
      if (refused !== undefined) return refused;
      const due = dueUs.get(key) ?? view.nowUs;
      if (view.nowUs < due) return { requeueInUs: due - view.nowUs };
      const nextUs = view.nowUs + (scaledObject.spec.pollingInterval ?? defaultPollingSeconds) * 1_000_000;
      dueUs.set(key, nextUs);
      yield* poll(scaledObject, view, triggerSources(view, sources), failures.health(key));
      return { requeueInUs: nextUs - view.nowUs };
    },
  };
}

function owners(autoscaler: KubeObject | undefined): ObjectKey[] {
  const owner = autoscaler && controllerOf(autoscaler);
  return owner?.kind === "ScaledObject" ? [objectKey(autoscaler!.metadata.namespace, owner.name)] : [];
}
