import {
  type Change,
  type Controller,
  callApi,
  type Outcome,
  recordEvent,
  type Task,
  type View,
} from "../../client/index.ts";
import {
  applyDefaults,
  controllerOf,
  type HorizontalPodAutoscaler,
  type KubeObject,
  keyOf,
  type MetricQuery,
  type MetricsAnswer,
  type MetricsApi,
  type MetricValue,
  namespaceOf,
  type ObjectKey,
  type OffsetMinutesAt,
  objectKey,
  sameContent,
} from "../../model/index.ts";
import { carryOut } from "../policies/orders.ts";
import { decideScale, type ScaleStep } from "./decide-scale.ts";
import { autoscalerFor, autoscalerName } from "./owned-autoscaler.ts";
import {
  type ScaledObject,
  type ScaledObjectCondition,
  type ScaledObjectStatus,
  scaledObjectLabel,
  targetOf,
} from "./scaled-object.ts";
import { ask, metricName, type TriggerSources } from "./triggers.ts";

const client = "keda-operator";
const defaultPollingSeconds = 30;

export interface KedaSources {
  readonly offsetsOf: (timeZone: string) => OffsetMinutesAt | undefined;
  /** Prometheus behind its adapter, as the `prometheus` trigger's server. */
  readonly prometheus: Pick<MetricsApi, "externalMetrics">;
}

interface KedaMemory {
  /** When each ScaledObject's scale loop polls next. */
  readonly dueUs: Map<ObjectKey, number>;
}

/**
 * keda-operator (as of 2026-08): keeps an HPA for each ScaledObject, and polls its triggers every `pollingInterval` to
 * bring the target from 0 to 1 and back. Between 1 and the greatest count the HPA decides, by metrics that come from here.
 */
export function kedaOperator(sources: KedaSources): Controller<KedaMemory> {
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
      if (scaledObject === undefined) {
        dueUs.delete(key);
        return "done";
      }
      const refused = yield* keepAutoscaler(scaledObject, view);
      if (refused !== undefined) return refused;
      const due = dueUs.get(key) ?? view.nowUs;
      if (view.nowUs < due) return { requeueInUs: due - view.nowUs };
      const nextUs = view.nowUs + (scaledObject.spec.pollingInterval ?? defaultPollingSeconds) * 1_000_000;
      dueUs.set(key, nextUs);
      yield* poll(scaledObject, view, sources);
      return { requeueInUs: nextUs - view.nowUs };
    },
  };
}

/** The metrics server of KEDA: answers the HPAs that KEDA made; `undefined` where the question is about something else. */
export function kedaMetrics(
  view: View,
  sources: KedaSources,
): (query: MetricQuery) => MetricsAnswer<MetricValue> | undefined {
  return ({ namespace, metric, selector }) => {
    const name = selector?.matchLabels?.[scaledObjectLabel];
    if (name === undefined) return undefined;
    const scaledObject = view.get("ScaledObject", objectKey(namespace, name)) as ScaledObject | undefined;
    const triggers = scaledObject?.spec.triggers ?? [];
    const trigger = triggers.find((own, index) => metricName(own, index) === metric);
    if (trigger === undefined) return { ok: false, error: `no matching metrics found for ${metric}` };
    return ask(trigger, namespace, triggerSources(view, sources))!.value;
  };
}

function owners(autoscaler: KubeObject | undefined): ObjectKey[] {
  const owner = autoscaler && controllerOf(autoscaler);
  return owner?.kind === "ScaledObject" ? [objectKey(autoscaler!.metadata.namespace, owner.name)] : [];
}

function triggerSources({ nowUs, clock }: View, { offsetsOf, prometheus }: KedaSources): TriggerSources {
  return {
    nowUs,
    epochSeconds: Math.floor(clock.epochUs(nowUs) / 1_000_000),
    offsetsOf,
    externalMetrics: (query) => prometheus.externalMetrics(query),
  };
}

/** Makes the HPA, or brings it to what the ScaledObject says now. */
function* keepAutoscaler(scaledObject: ScaledObject, view: View): Task<Outcome | undefined> {
  const wanted = applyDefaults(autoscalerFor(scaledObject) as never) as unknown as HorizontalPodAutoscaler;
  const key = objectKey(scaledObject.metadata.namespace, autoscalerName(scaledObject));
  const there = view.get("HorizontalPodAutoscaler", key);
  if (there === undefined) {
    const reply = yield* callApi(client, { verb: "create", object: autoscalerFor(scaledObject) });
    if (!reply.ok && reply.error.reason !== "AlreadyExists") return { retry: reply.error };
    const status = {
      scaleTargetKind: targetText(scaledObject),
      hpaName: wanted.metadata.name,
      externalMetricNames: scaledObject.spec.triggers.flatMap((trigger, index) => metricName(trigger, index) ?? []),
      resourceMetricNames: scaledObject.spec.triggers.flatMap(({ type }) =>
        type === "cpu" || type === "memory" ? type : [],
      ),
    };
    return yield* writeStatus(scaledObject, status, ready);
  }
  if (sameContent(wanted.spec, there.spec)) return undefined;
  const next = { ...there, spec: wanted.spec } as KubeObject;
  const reply = yield* callApi(client, { verb: "update", next, part: "main" });
  return reply.ok ? undefined : { retry: reply.error };
}

/** One turn of the scale loop. */
function* poll(scaledObject: ScaledObject, view: View, sources: KedaSources): Task<void> {
  const { metadata, spec } = scaledObject;
  const asked = triggerSources(view, sources);
  const namespace = namespaceOf(keyOf(scaledObject));
  const answers = spec.triggers.flatMap((trigger) => {
    const activity = ask(trigger, namespace, asked);
    return activity === undefined ? [] : [{ trigger, activity }];
  });
  const { kind } = targetOf(scaledObject);
  const key = objectKey(metadata.namespace, spec.scaleTargetRef.name);
  const target = view.get(kind, key) as { readonly spec: { readonly replicas?: number } } | undefined;
  if (target === undefined) return;
  const replicas = target.spec.replicas ?? 1;
  const lastActive = scaledObject.status?.lastActiveTime;
  // With cpu and memory alone there is nothing that could be inactive.
  const active = answers.length === 0 || answers.some(({ activity }) => activity.active);
  const step = decideScale({
    spec,
    replicas,
    active,
    failed: answers.some(({ activity }) => !activity.value.ok),
    nowUs: view.nowUs,
    createdUs: view.clock.instantUs(metadata.creationTimestamp),
    lastActiveUs: lastActive === undefined ? undefined : view.clock.instantUs(lastActive),
  });
  yield* act(step, scaledObject, view, { key, kind, replicas, active });
}

function* act(
  step: ScaleStep,
  scaledObject: ScaledObject,
  view: View,
  { key, kind, replicas, active }: { key: ObjectKey; kind: string; replicas: number; active: boolean },
): Task<void> {
  let scaled = true;
  if ("replicas" in step) {
    const order = { do: "scale", kind: kind as "Deployment", key, replicas: step.replicas } as const;
    scaled = (yield* carryOut(client, order)) === undefined;
    yield* tell(step, scaledObject, replicas, scaled);
  }
  const noticed = scaled && (step.do === "activate" || step.do === "note");
  const condition = active ? scalerActive : step.do === "cool down" ? scalerCooldown : scalerNotActive;
  yield* writeStatus(scaledObject, noticed ? { lastActiveTime: view.clock.time(view.nowUs) } : {}, condition);
}

function* tell(
  { do: what, replicas: to }: Extract<ScaleStep, { replicas: number }>,
  scaledObject: ScaledObject,
  from: number,
  scaled: boolean,
): Task<void> {
  if (what === "raise") return;
  const subject = `${targetText(scaledObject)} ${keyOf(scaledObject).replace(/[^/]*$/, "")}${scaledObject.spec.scaleTargetRef.name}`;
  const change = `${subject} from ${from} to ${to}`;
  const name = what === "activate" ? "Activat" : "Deactivat";
  if (scaled) {
    const message = `${what === "activate" ? "Scaled" : "Deactivated"} ${change}`;
    yield* recordEvent(client, scaledObject, "Normal", `KEDAScaleTarget${name}ed`, message);
  } else {
    const message = `Failed to ${what === "activate" ? "scaled" : "deactivate"} ${change}`;
    yield* recordEvent(client, scaledObject, "Warning", `KEDAScaleTarget${name}ionFailed`, message);
  }
}

/** A merge patch of the status: nobody else writes it, so it is never in conflict. */
function* writeStatus(
  scaledObject: ScaledObject,
  fields: ScaledObjectStatus,
  condition: ScaledObjectCondition,
): Task<Outcome | undefined> {
  const change = (stored: KubeObject): KubeObject => {
    const { status } = stored as ScaledObject;
    return { ...stored, status: { ...status, ...fields, conditions: withCondition(status, condition) } } as KubeObject;
  };
  const key = keyOf(scaledObject);
  const reply = yield* callApi(client, { verb: "patch", kind: "ScaledObject", key, part: "status", change });
  return reply.ok || reply.error.code === 404 ? undefined : { retry: reply.error };
}

/** `apps/v1.Deployment` */
function targetText(scaledObject: ScaledObject): string {
  const { apiVersion, kind } = targetOf(scaledObject);
  return `${apiVersion}.${kind}`;
}

function withCondition(
  status: ScaledObjectStatus | undefined,
  condition: ScaledObjectCondition,
): ScaledObjectCondition[] {
  const others = (status?.conditions ?? []).filter(({ type }) => type !== condition.type);
  return [...others, condition].sort((a, b) => (a.type > b.type ? -1 : 1));
}

const ready: ScaledObjectCondition = {
  type: "Ready",
  status: "True",
  reason: "ScaledObjectReady",
  message: "ScaledObject is defined correctly and is ready for scaling",
};
const scalerActive: ScaledObjectCondition = {
  type: "Active",
  status: "True",
  reason: "ScalerActive",
  message: "Scaling is performed because triggers are active",
};
const scalerNotActive: ScaledObjectCondition = {
  type: "Active",
  status: "False",
  reason: "ScalerNotActive",
  message: "Scaling is not performed because triggers are not active",
};
const scalerCooldown: ScaledObjectCondition = {
  type: "Active",
  status: "False",
  reason: "ScalerCooldown",
  message: "Scaler cooling down because triggers are not active",
};
