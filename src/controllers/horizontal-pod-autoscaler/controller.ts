import type { Change, Controller, Outcome, Task, View } from "../../client/index.ts";
import {
  type HorizontalPodAutoscaler,
  keyOf,
  type MetricsApi,
  namespaceOf,
  type ObjectKey,
} from "../../model/index.ts";
import { client, LivePorts } from "./live-ports.ts";
import { AutoscalerMemory } from "./memory.ts";
import type { AutoscalerFlags } from "./ports.ts";
import { syncAutoscaler } from "./sync.ts";

/**
 * horizontal-pod-autoscaler of kube-controller-manager v1.36. Its queue delays every key by the sync period, errors or not:
 * each autoscaler has a beat of its own, which begins a period after the controller has seen it and drifts by the
 * duration of its syncs. Changes do not hasten it.
 */
export function horizontalPodAutoscaler(metrics: MetricsApi, flags: AutoscalerFlags): Controller<AutoscalerMemory> {
  return {
    name: client,
    workers: 5,
    memory: () => new AutoscalerMemory(),
    watches: [
      {
        kind: "HorizontalPodAutoscaler",
        keys: ({ before, after }: Change<HorizontalPodAutoscaler>, _view, memory) => {
          const key = keyOf((after ?? before)!);
          if (after === undefined) memory.selectors.remove(key);
          else memory.selectors.add(key);
          return before === undefined ? [key] : []; // A known key waits already, and the earlier instant wins.
        },
      },
    ],
    *reconcile(key: ObjectKey, view: View, memory: AutoscalerMemory): Task<Outcome> {
      const hpa = view.get("HorizontalPodAutoscaler", key);
      if (hpa === undefined) {
        memory.forget(key);
        return "done";
      }
      const dueUs = memory.dueUs.get(key);
      if (dueUs === undefined) {
        metrics.follow(namespaceOf(key));
        memory.dueUs.set(key, view.nowUs + flags.syncPeriodUs);
        return { requeueInUs: flags.syncPeriodUs };
      }
      if (view.nowUs < dueUs) return { requeueInUs: dueUs - view.nowUs };
      yield* syncAutoscaler(hpa, new LivePorts(view, metrics), flags, memory);
      memory.dueUs.set(key, view.nowUs + flags.syncPeriodUs);
      return { requeueInUs: flags.syncPeriodUs };
    },
  };
}
