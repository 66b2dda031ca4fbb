import type { Change, Controller, Outcome, Task, View } from "../../client/index.ts";
import {
  type HorizontalPodAutoscaler,
  type KubeObject,
  type MetricsApi,
  namespaceOf,
  type ObjectKey,
  type Pod,
} from "../../model/index.ts";
import { client, LivePorts } from "./live-ports.ts";
import { AutoscalerMemory } from "./memory.ts";
import type { AutoscalerFlags } from "./ports.ts";
import { looksTheSame } from "./selected-pods.ts";
import { targetId, wake } from "./sleep.ts";
import { syncAutoscaler } from "./sync.ts";

/**
 * horizontal-pod-autoscaler of kube-controller-manager v1.36. Its queue delays every key by the sync period, errors or not:
 * each autoscaler has a beat of its own, which begins a period after the controller has seen it and drifts by the
 * duration of its syncs. Changes do not hasten it. Syncs that would find everything as the last one did are left out.
 */
export function horizontalPodAutoscaler(metrics: MetricsApi, flags: AutoscalerFlags): Controller<AutoscalerMemory> {
  return {
    name: client,
    workers: 5,
    memory: () => new AutoscalerMemory(),
    watches: [
      {
        kind: "HorizontalPodAutoscaler",
        keys: ({ key, before, after }: Change<HorizontalPodAutoscaler>, _view, memory) => {
          if (after === undefined) memory.selectors.remove(key);
          else memory.selectors.add(key);
          // A known key waits already, and the earlier instant wins.
          return before === undefined || memory.asleep.has(key) ? [key] : [];
        },
      },
      {
        kind: "Pod",
        keys: ({ before, after }: Change<Pod>, _view, memory) => {
          if (memory.asleep.size === 0) return [];
          if (before === undefined || after === undefined) return sleepers(memory, (before ?? after)!);
          if (looksTheSame(before, after)) return [];
          const { labels } = before.metadata;
          const now = sleepers(memory, after);
          return labels === after.metadata.labels ? now : [...sleepers(memory, before), ...now];
        },
      },
      ...["Deployment", "ReplicaSet", "StatefulSet"].map((kind) => ({
        kind,
        keys: ({ before, after }: Change<KubeObject>, _view: View, memory: AutoscalerMemory) => {
          // Of a target's status, sleepers read nothing.
          if (before !== undefined && after !== undefined && specOf(before) === specOf(after)) return [];
          const key = memory.sleeperByTarget(targetId((after ?? before)!));
          return key === undefined ? [] : [key];
        },
      })),
    ],
    *reconcile(key: ObjectKey, view: View, memory: AutoscalerMemory): Task<Outcome> {
      const hpa = view.get("HorizontalPodAutoscaler", key);
      if (hpa === undefined) {
        memory.forget(key);
        return "done";
      }
      const sleep = memory.endSleep(key);
      if (sleep !== undefined) memory.dueUs.set(key, wake(hpa, sleep, memory, flags, view.nowUs));
      const dueUs = memory.dueUs.get(key);
      if (dueUs === undefined) {
        metrics.follow(namespaceOf(key));
        memory.dueUs.set(key, view.nowUs + flags.syncPeriodUs);
        return { requeueInUs: flags.syncPeriodUs };
      }
      if (view.nowUs < dueUs) return { requeueInUs: dueUs - view.nowUs };
      memory.ports ??= new LivePorts(view, metrics);
      yield* syncAutoscaler(hpa, memory.ports, flags, memory);
      memory.dueUs.set(key, view.nowUs + flags.syncPeriodUs);
      const untilUs = memory.asleep.get(key)?.untilUs ?? view.nowUs + flags.syncPeriodUs;
      return untilUs === Number.POSITIVE_INFINITY ? "done" : { requeueInUs: untilUs - view.nowUs };
    },
  };
}

/** Autoscalers that sleep while the usage of this pod stays as it is: to be put on the queue now that it has changed. */
export function sleepersOf(pod: ObjectKey, view: View, memory: AutoscalerMemory): ObjectKey[] {
  if (memory.asleep.size === 0) return [];
  const object = view.get("Pod", pod);
  return object === undefined ? [] : sleepers(memory, object);
}

function sleepers({ selectors, asleep }: AutoscalerMemory, { metadata }: Pod): ObjectKey[] {
  return selectors.selectingPod(metadata.namespace ?? "", metadata.labels).filter((key) => asleep.has(key));
}

function specOf(object: KubeObject): unknown {
  return (object as { readonly spec?: unknown }).spec;
}
