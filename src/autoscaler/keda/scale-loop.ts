import { recordEvent, type Task, type View } from "../../client/index.ts";
import { keyOf, namespaceOf } from "../../model/index.ts";
import { carryOut } from "../policies/carry-out.ts";
import {
  fallbackExists,
  noFallback,
  ready,
  scalerActive,
  scalerCooldown,
  scalerNotActive,
  someTriggersFail,
  triggersFail,
} from "./conditions.ts";
import { decideScale, type ScaleStep } from "./decide-scale.ts";
import { fallsBack } from "./fallback.ts";
import { pauseOf } from "./pause.ts";
import {
  client,
  type ScaledObject,
  type ScaledObjectCondition,
  type TriggerHealth,
  targetKey,
  targetOf,
  targetReplicas,
  targetText,
} from "./scaled-object.ts";
import { ask, type TriggerSources } from "./triggers.ts";
import { writeStatus } from "./write-status.ts";

/** What a poll found. */
interface Findings {
  readonly replicas: number;
  readonly active: boolean;
  /** Some scaler answered with an error. */
  readonly failed: boolean;
}

/** One turn of the scale loop. `health`: of the triggers, as the HPA's questions were answered. */
export function* poll(
  scaledObject: ScaledObject,
  view: View,
  sources: TriggerSources,
  health: Readonly<Record<string, TriggerHealth>> | undefined,
): Task<void> {
  const { metadata, spec } = scaledObject;
  const namespace = namespaceOf(keyOf(scaledObject));
  const answers = spec.triggers.flatMap((trigger) => ask(trigger, namespace, sources) ?? []);
  const replicas = targetReplicas(scaledObject, view);
  if (replicas === undefined) return;
  const lastActive = scaledObject.status?.lastActiveTime;
  const { scaleIn, scaleOut } = pauseOf(scaledObject);
  const findings: Findings = {
    replicas,
    // With cpu and memory alone there is nothing that could be inactive.
    active: answers.length === 0 || answers.some(({ active }) => active),
    failed: answers.some(({ value }) => !value.ok),
  };
  const step = decideScale({
    spec,
    ...findings,
    pausedIn: scaleIn,
    pausedOut: scaleOut,
    nowUs: view.nowUs,
    createdUs: view.clock.instantUs(metadata.creationTimestamp),
    lastActiveUs: lastActive === undefined ? undefined : view.clock.instantUs(lastActive),
  });
  const scaled = yield* carryOutStep(step, scaledObject, findings.replicas);
  const noticed = scaled && (step.do === "activate" || step.do === "note");
  const fields = {
    ...(noticed && { lastActiveTime: view.clock.time(view.nowUs) }),
    ...(spec.fallback !== undefined && health !== undefined && { health }),
  };
  yield* writeStatus(scaledObject, fields, conditionsOf(step, scaledObject, findings, health));
}

/** Says whether it succeeded. */
function* carryOutStep(step: ScaleStep, scaledObject: ScaledObject, from: number): Task<boolean> {
  if (!("replicas" in step)) return true;
  const kind = targetOf(scaledObject).kind as "Deployment";
  const order = { do: "scale", kind, key: targetKey(scaledObject), replicas: step.replicas } as const;
  const scaled = (yield* carryOut(client, order)) === undefined;
  yield* tell(step, scaledObject, from, scaled);
  return scaled;
}

function conditionsOf(
  step: ScaleStep,
  { spec }: ScaledObject,
  { active, failed }: Findings,
  health: Readonly<Record<string, TriggerHealth>> | undefined,
): ScaledObjectCondition[] {
  const works = !failed || step.do === "activate" || (!active && spec.fallback !== undefined);
  return [
    works ? ready : active ? someTriggersFail : triggersFail,
    active ? scalerActive : step.do === "cool down" ? scalerCooldown : scalerNotActive,
    ...(spec.fallback === undefined || health === undefined
      ? []
      : [fallsBack(spec, health) ? fallbackExists : noFallback]),
  ];
}

function* tell(
  { do: what, replicas: to }: Extract<ScaleStep, { replicas: number }>,
  scaledObject: ScaledObject,
  from: number,
  scaled: boolean,
): Task<void> {
  if (what === "raise") return;
  const change = `${targetText(scaledObject)} ${targetKey(scaledObject)} from ${from} to ${to}`;
  const name = what === "activate" ? "Activat" : "Deactivat";
  if (scaled) {
    const message = `${what === "activate" ? "Scaled" : "Deactivated"} ${change}`;
    yield* recordEvent(client, scaledObject, "Normal", `KEDAScaleTarget${name}ed`, message);
  } else {
    const message = `Failed to ${what === "activate" ? "scaled" : "deactivate"} ${change}`;
    yield* recordEvent(client, scaledObject, "Warning", `KEDAScaleTarget${name}ionFailed`, message);
  }
}
