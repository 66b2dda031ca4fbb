import { callApi, type Outcome, type Task, type View } from "../../client/index.ts";
import {
  applyDefaults,
  type HorizontalPodAutoscaler,
  type KubeObject,
  keyOf,
  objectKey,
  sameContent,
} from "../../model/index.ts";
import { ready, unpaused } from "./conditions.ts";
import { autoscalerFor, autoscalerName } from "./owned-autoscaler.ts";
import { client, type ScaledObject, targetReplicas, targetText } from "./scaled-object.ts";
import { metricName } from "./triggers.ts";
import { conditionOf, writeStatus } from "./write-status.ts";

/** Makes the HPA, or brings it to what the ScaledObject says now. */
export function* keepAutoscaler(scaledObject: ScaledObject, view: View): Task<Outcome | undefined> {
  const wanted = applyDefaults(autoscalerFor(scaledObject) as never) as unknown as HorizontalPodAutoscaler;
  const there = autoscalerOf(scaledObject, view);
  if (there === undefined) {
    const reply = yield* callApi(client, { verb: "create", object: autoscalerFor(scaledObject) });
    if (!reply.ok && reply.error.reason !== "AlreadyExists") return { retry: reply.error };
    return yield* tellOfAutoscaler(scaledObject, view);
  }
  if (sameContent(wanted.spec, there.spec)) return undefined;
  const next = { ...there, spec: wanted.spec } as KubeObject;
  const reply = yield* callApi(client, { verb: "update", next, part: "main" });
  return reply.ok ? undefined : { retry: reply.error };
}

/** Takes the HPA away. */
export function* dropAutoscaler(scaledObject: ScaledObject, view: View): Task<Outcome | undefined> {
  const there = autoscalerOf(scaledObject, view);
  if (there === undefined) return undefined;
  const reply = yield* callApi(client, { verb: "delete", kind: "HorizontalPodAutoscaler", key: keyOf(there) });
  return reply.ok || reply.error.code === 404 ? undefined : { retry: reply.error };
}

function autoscalerOf(scaledObject: ScaledObject, view: View): HorizontalPodAutoscaler | undefined {
  return view.get("HorizontalPodAutoscaler", objectKey(scaledObject.metadata.namespace, autoscalerName(scaledObject)));
}

function* tellOfAutoscaler(scaledObject: ScaledObject, view: View): Task<Outcome | undefined> {
  const { triggers } = scaledObject.spec;
  const status = {
    scaleTargetKind: targetText(scaledObject),
    hpaName: autoscalerName(scaledObject),
    externalMetricNames: triggers.flatMap((trigger, index) => metricName(trigger, index) ?? []),
    resourceMetricNames: triggers.flatMap(({ type }) => (type === "cpu" || type === "memory" ? type : [])),
    originalReplicaCount: scaledObject.status?.originalReplicaCount ?? targetReplicas(scaledObject, view),
    pausedReplicaCount: undefined,
  };
  const resumed = conditionOf(scaledObject, "Paused")?.status === "True" ? [unpaused] : [];
  return yield* writeStatus(scaledObject, status, [ready, ...resumed]);
}
