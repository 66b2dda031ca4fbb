import type { Task } from "../../client/index.ts";
import { type HorizontalPodAutoscaler, keyOf, type MetricStatus } from "../../model/index.ts";
import { behaviorOf } from "./behavior.ts";
import { Conditions } from "./conditions.ts";
import { emptyHistory, type History, rememberScaling } from "./history.ts";
import type { AutoscalerMemory } from "./memory.ts";
import { type MetricContext, type MetricFailure, proposalOf } from "./metric-sources.ts";
import { type Normalized, normalize, normalizeWithBehavior } from "./normalize.ts";
import type { AutoscalerFlags, Ports, Scale, ScaleReply } from "./ports.ts";
import { situationOf } from "./situation.ts";
import { firstBeatAt, readsResourcesOnly, targetId } from "./sleep.ts";
import type { Sync } from "./sync-state.ts";
import { parseSelector, selectorOf } from "./target-selector.ts";
import { finish, putStatus, writeStatus } from "./write-status.ts";

/** client-go's `DefaultRetry` for writes that conflict. */
const conflictTries = 5;
const conflictPauseUs = 10_000;

/** What the metrics come to together. */
interface Computed {
  /** `undefined`: nothing may be scaled by them. */
  readonly replicas: number | undefined;
  readonly metric: string;
  readonly statuses: readonly MetricStatus[];
  readonly error: string | undefined;
}

/**
 * One sync of one HorizontalPodAutoscaler, `reconcileAutoscaler` of kube-controller-manager v1.36. Returns the error that
 * upstream would only log: the next sync comes at the same beat whatever happened.
 */
export function* syncAutoscaler(
  hpa: HorizontalPodAutoscaler,
  ports: Ports,
  flags: AutoscalerFlags,
  memory: AutoscalerMemory,
): Task<string | undefined> {
  const conditions = new Conditions(hpa.status?.conditions);
  const sync: Sync = { hpa, ports, flags, memory, conditions, startedUs: ports.nowUs, written: { status: false } };
  const problem = groupVersionProblem(hpa.spec.scaleTargetRef.apiVersion ?? "");
  if (problem !== undefined) {
    yield* noScale(sync, problem);
    return `invalid API version in scale target reference: ${problem}`;
  }
  const read = yield* ports.getScale(hpa);
  if (!read.ok) {
    yield* noScale(sync, read.error);
    return `failed to query scale subresource for ${referenceOf(hpa)}: ${read.error}`;
  }
  const { scale } = read;
  const current = scale.specReplicas;
  conditions.set(
    "AbleToScale",
    "True",
    "SucceededGetScale",
    "the HPA controller was able to get the target's current scale",
    ports.time,
  );
  const history = historyOf(memory, hpa, current, ports.nowUs);
  const min = hpa.spec.minReplicas ?? 1;
  const { maxReplicas: max } = hpa.spec;
  if (current === 0 && !(flags.scaleToZero && conditions.isTrue("ScaledToZero"))) {
    conditions.set(
      "ScalingActive",
      "False",
      "ScalingDisabled",
      "scaling is disabled since the replica count of the target is zero",
      ports.time,
    );
    return yield* finish(sync, { current, desired: 0, statuses: [], rescaled: false });
  }
  if (current > max) return yield* rescale(sync, scale, max, "Current number of replicas above Spec.MaxReplicas", []);
  if (current < min) return yield* rescale(sync, scale, min, "Current number of replicas below Spec.MinReplicas", []);
  const { replicas, metric, statuses, error } = yield* computeReplicas(sync, scale);
  if (replicas === undefined) {
    yield* writeStatus(sync, { current, desired: hpa.status?.desiredReplicas ?? 0, statuses, rescaled: false });
    yield* ports.event(hpa, "Warning", "FailedComputeMetricsReplicas", error!);
    return `failed to compute desired number of replicas based on listed metrics for ${referenceOf(hpa)}: ${error}`;
  }
  // A proposal below zero (Go's overflow) is no larger than none: then no metric's name is shown.
  const proposal = Math.max(0, replicas);
  const shown = replicas > 0 ? metric : "";
  const reason = proposal > current ? `${shown} above target` : proposal < current ? "All metrics below target" : "";
  const { replicas: desired, steadyUntilUs } = normalizeDesired(sync, history, proposal, current);
  const failure =
    desired === current
      ? yield* finish(sync, { current, desired, statuses, rescaled: false })
      : yield* rescale(sync, scale, desired, reason, statuses);
  if (desired === current && failure === undefined && error === undefined) {
    sleepIfSettled(sync, scale, proposal, steadyUntilUs);
  }
  return failure ?? error;
}

/** Lets the autoscaler sleep for as long as, with equal inputs, nothing would happen at its syncs. */
function sleepIfSettled(
  { hpa, ports, flags, memory, startedUs, written }: Sync,
  { target, selector: text }: Scale,
  proposal: number,
  steadyUntilUs: number,
): void {
  if (written.status || target === undefined || !readsResourcesOnly(hpa)) return;
  const namespace = hpa.metadata.namespace ?? "";
  if (memory.selectors.awaitsSome(namespace)) return; // It may select what this one does.
  const selector = selectorOf(text, memory);
  const restsSinceUs = ports.usageRestsSinceUs(namespace, selector);
  if (restsSinceUs === undefined) return;
  const endedUs = ports.nowUs;
  const settledUntilUs = ports.pods(namespace, selector).settledUntilUs(endedUs, restsSinceUs, flags.windows);
  const quietUntilUs = Math.min(steadyUntilUs, settledUntilUs);
  if (quietUntilUs <= endedUs) return;
  const beat = { endedUs, durationUs: endedUs - startedUs };
  const untilUs = firstBeatAt(quietUntilUs, beat, flags.syncPeriodUs);
  memory.beginSleep(keyOf(hpa), { ...beat, untilUs, proposal, target: targetId(target) });
}

function* noScale({ hpa, ports, ...sync }: Sync, error: string): Task<void> {
  yield* ports.event(hpa, "Warning", "FailedGetScale", error);
  const message = `the HPA controller was unable to get the target's current scale: ${error}`;
  sync.conditions.set("AbleToScale", "False", "FailedGetScale", message, ports.time);
  const { conditions: _, ...status } = hpa.status ?? { desiredReplicas: 0 };
  yield* putStatus({ hpa, ports, ...sync }, { ...status, conditions: sync.conditions.list });
}

/** The largest valid proposal; with an invalid metric beside it, only on the way up. */
function* computeReplicas(sync: Sync, scale: Scale): Task<Computed> {
  const { hpa, ports, conditions } = sync;
  const selected = yield* parseSelector(sync, scale);
  if ("error" in selected) return { replicas: undefined, metric: "", statuses: [], error: selected.error };
  const specs = hpa.spec.metrics ?? [];
  const { selector } = selected;
  const context: MetricContext = { hpa, scale, selector, ports, situation: () => situationOf(sync) };
  const statuses: MetricStatus[] = [];
  let replicas = 0;
  let metric = "";
  let invalid = 0;
  let first: MetricFailure | undefined;
  for (const spec of specs) {
    const proposal = yield* proposalOf(spec, context);
    if ("error" in proposal) {
      yield* ports.event(hpa, "Warning", proposal.reason, proposal.message);
      statuses.push({ type: "" }); // Stored so by upstream, too.
      first ??= proposal;
      invalid += 1;
      continue;
    }
    statuses.push(proposal.status);
    if (replicas === 0 || proposal.replicas > replicas) ({ replicas, name: metric } = proposal);
  }
  const error = first && `invalid metrics (${invalid} invalid out of ${specs.length}), first error is: ${first.error}`;
  if (first !== undefined && (invalid >= specs.length || replicas < scale.specReplicas)) {
    const message = `the HPA was unable to compute the replica count: ${first.message}`;
    conditions.set("ScalingActive", "False", first.reason, message, ports.time);
    return { replicas: undefined, metric: "", statuses, error };
  }
  const message = `the HPA was able to successfully calculate a replica count from ${metric}`;
  conditions.set("ScalingActive", "True", "ValidMetricFound", message, ports.time);
  return { replicas, metric, statuses, error };
}

/** `steadyUntilUs`: with the same proposal and the same count, the answer is the same before that instant. */
function normalizeDesired(
  sync: Sync,
  history: History,
  proposal: number,
  current: number,
): { readonly replicas: number; readonly steadyUntilUs: number } {
  const { hpa, ports, flags, conditions } = sync;
  const bounds = { current, min: hpa.spec.minReplicas ?? 1, max: hpa.spec.maxReplicas };
  const behavior = behaviorOf(hpa, flags);
  const { replicas, able, limited, steadyUntilUs }: Normalized =
    behavior === undefined
      ? normalize(proposal, bounds, flags.downscaleStabilizationUs, history, ports.nowUs)
      : normalizeWithBehavior(proposal, bounds, behavior, history, ports.nowUs);
  conditions.set("AbleToScale", "True", able.reason, able.message, ports.time);
  conditions.set("ScalingLimited", limited.isLimited ? "True" : "False", limited.reason, limited.message, ports.time);
  return { replicas, steadyUntilUs };
}

/** Writes the new count; a conflict is read and tried again. */
function* rescale(
  sync: Sync,
  scale: Scale,
  desired: number,
  why: string,
  statuses: readonly MetricStatus[],
): Task<string | undefined> {
  const { hpa, ports, flags, memory, conditions } = sync;
  const current = scale.specReplicas;
  const written = yield* updateScale(sync, scale, desired);
  if (!written.ok) {
    const { error } = written;
    const message = `New size: ${desired}; reason: ${why}; error: ${error}`;
    yield* ports.event(hpa, "Warning", "FailedRescale", message);
    const condition = `the HPA controller was unable to update the target scale: ${error}`;
    conditions.set("AbleToScale", "False", "FailedUpdateScale", condition, ports.time);
    yield* writeStatus(sync, { current, desired: hpa.status?.desiredReplicas ?? 0, statuses, rescaled: false });
    return `failed to rescale ${referenceOf(hpa)}: ${error}`;
  }
  const condition = `the HPA controller was able to update the target scale to ${desired}`;
  conditions.set("AbleToScale", "True", "SucceededRescale", condition, ports.time);
  if (flags.scaleToZero) {
    if (desired === 0) {
      const message = "the HPA controller scaled the workload to zero";
      conditions.set("ScaledToZero", "True", "ScaledToZero", message, ports.time);
    } else {
      const message = "the HPA controller did not scale the workload to zero";
      conditions.set("ScaledToZero", "False", "NotScaledToZero", message, ports.time);
    }
  }
  yield* ports.event(hpa, "Normal", "SuccessfulRescale", `New size: ${desired}; reason: ${why}`);
  const behavior = behaviorOf(hpa, flags);
  const history = memory.histories.get(keyOf(hpa));
  if (behavior !== undefined && history !== undefined) {
    rememberScaling(history, behavior, current, desired, ports.nowUs);
  }
  return yield* finish(sync, { current, desired, statuses, rescaled: true });
}

function* updateScale({ hpa, ports }: Sync, scale: Scale, desired: number): Task<ScaleReply> {
  let latest = scale;
  for (let tries = 1; ; tries += 1) {
    const written = yield* ports.updateScale(latest, desired);
    if (written.ok || !written.conflict || tries === conflictTries) return written;
    yield* ports.wait(conflictPauseUs);
    const read = yield* ports.getScale(hpa);
    if (!read.ok) return read;
    latest = read.scale;
  }
}

function historyOf(memory: AutoscalerMemory, hpa: HorizontalPodAutoscaler, current: number, nowUs: number): History {
  const key = keyOf(hpa);
  let history = memory.histories.get(key);
  if (history === undefined) {
    history = emptyHistory();
    history.recommendations.push({ replicas: current, atUs: nowUs });
    memory.histories.set(key, history);
  }
  return history;
}

function referenceOf({ metadata, spec }: HorizontalPodAutoscaler): string {
  return `${spec.scaleTargetRef.kind}/${metadata.namespace ?? ""}/${spec.scaleTargetRef.name}`;
}

/** `group/version` or `version`. */
function groupVersionProblem(text: string): string | undefined {
  return text.split("/").length > 2 ? `unexpected GroupVersion string: ${text}` : undefined;
}
