import { sameContent } from "../../apiserver/index.ts";
import type { Task } from "../../client/index.ts";
import {
  type CompiledLabelSelector,
  compileLabelSelectorString,
  type HorizontalPodAutoscaler,
  type HorizontalPodAutoscalerStatus,
  type KubeObject,
  keyOf,
  type MetricStatus,
  type MetricsAnswer,
  type PodUsage,
  parseAmount,
  SelectorError,
} from "../../model/index.ts";
import { Conditions } from "./conditions.ts";
import { emptyHistory, type History, remember, rememberScaling } from "./history.ts";
import type { AutoscalerMemory } from "./memory.ts";
import { type MetricContext, type MetricFailure, proposalOf } from "./metric-sources.ts";
import { type Behavior, type Normalized, normalize, normalizeWithBehavior } from "./normalize.ts";
import type { Instants } from "./pod-groups.ts";
import type { AutoscalerFlags, Ports, Scale, ScaleReply } from "./ports.ts";
import { areSettled, readsResourcesOnly, samePods, sameUsage } from "./quiet.ts";
import type { Situation, Tolerances } from "./replica-calculator.ts";

/** client-go's `DefaultRetry` for writes that conflict. */
const conflictTries = 5;
const conflictPauseUs = 10_000;

/** One sync under way: the autoscaler, and what becomes of its status. */
interface Sync {
  readonly hpa: HorizontalPodAutoscaler;
  readonly ports: Ports;
  readonly flags: AutoscalerFlags;
  readonly memory: AutoscalerMemory;
  readonly conditions: Conditions;
  readonly written: { status: boolean };
}

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
  const sync: Sync = {
    hpa,
    ports,
    flags,
    memory,
    conditions: new Conditions(hpa.status?.conditions),
    written: { status: false },
  };
  const { conditions } = sync;
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
  const answers: MetricsAnswer<PodUsage>[] = [];
  if (yield* isQuiet(sync, scale.target, answers)) return undefined;
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
  const { replicas, metric, statuses, error } = yield* computeReplicas(sync, scale, answers);
  if (replicas === undefined) {
    yield* writeStatus(sync, { current, desired: hpa.status?.desiredReplicas ?? 0, statuses, rescaled: false });
    yield* ports.event(hpa, "Warning", "FailedComputeMetricsReplicas", error!);
    return `failed to compute desired number of replicas based on listed metrics for ${referenceOf(hpa)}: ${error}`;
  }
  // A proposal below zero (Go's overflow) is no larger than none: then no metric's name is shown.
  const proposal = Math.max(0, replicas);
  const shown = replicas > 0 ? metric : "";
  const reason = proposal > current ? `${shown} above target` : proposal < current ? "All metrics below target" : "";
  const { replicas: desired, isSteady } = normalizeDesired(sync, history, proposal, current);
  const silent = desired === current && isSteady && error === undefined;
  const failure =
    desired === current
      ? yield* finish(sync, { current, desired, statuses, rescaled: false })
      : yield* rescale(sync, scale, desired, reason, statuses);
  if (silent && failure === undefined) noteQuiet(sync, scale, proposal, answers);
  return failure ?? error;
}

/** Whether all is as at a last sync that changed nothing. Asks what a sync asks; `answers` keeps what was told. */
function* isQuiet(
  { hpa, ports, flags, memory }: Sync,
  target: KubeObject | undefined,
  answers: MetricsAnswer<PodUsage>[],
): Task<boolean> {
  const key = keyOf(hpa);
  const quiet = memory.quiet.get(key);
  if (quiet === undefined) return false;
  memory.quiet.delete(key);
  if (quiet.hpa !== hpa || quiet.target !== target || quiet.selectors !== memory.selectors.version) return false;
  const { selector } = quiet;
  const namespace = hpa.metadata.namespace ?? "";
  for (const before of quiet.answers) {
    const answer = yield* ports.resourceMetrics(namespace, selector);
    answers.push(answer);
    if (!sameUsage(answer, before)) return false;
  }
  if (!samePods(ports.pods(namespace, selector), quiet.pods)) return false;
  recommend(hpa, flags, memory.histories.get(key)!, quiet.proposal, ports.nowUs);
  memory.quiet.set(key, quiet);
  return true;
}

/** Remembers a sync after which, with equal inputs, nothing would happen either. */
function noteQuiet(
  { hpa, ports, flags, memory, written }: Sync,
  { target, selector: text }: Scale,
  proposal: number,
  answers: readonly MetricsAnswer<PodUsage>[],
): void {
  if (written.status || target === undefined || !readsResourcesOnly(hpa)) return;
  const selector = memory.compiled(text, compileOrError) as CompiledLabelSelector;
  const pods = ports.pods(hpa.metadata.namespace ?? "", selector);
  if (!areSettled(pods, flags.windows, instantsOf(ports))) return;
  const { version: selectors } = memory.selectors;
  memory.quiet.set(keyOf(hpa), { hpa, target, selector, pods, answers, selectors, proposal });
}

function* noScale({ hpa, ports, ...sync }: Sync, error: string): Task<void> {
  yield* ports.event(hpa, "Warning", "FailedGetScale", error);
  const message = `the HPA controller was unable to get the target's current scale: ${error}`;
  sync.conditions.set("AbleToScale", "False", "FailedGetScale", message, ports.time);
  const { conditions: _, ...status } = hpa.status ?? { desiredReplicas: 0 };
  yield* putStatus({ hpa, ports, ...sync }, { ...status, conditions: sync.conditions.list });
}

/** The largest valid proposal; with an invalid metric beside it, only on the way up. */
function* computeReplicas(sync: Sync, scale: Scale, answers: MetricsAnswer<PodUsage>[]): Task<Computed> {
  const { hpa, ports, conditions } = sync;
  const selected = yield* parseSelector(sync, scale);
  if ("error" in selected) return { replicas: undefined, metric: "", statuses: [], error: selected.error };
  const specs = hpa.spec.metrics ?? [];
  const { selector } = selected;
  const context: MetricContext = { hpa, scale, selector, ports, situation: () => situationOf(sync), answers, used: 0 };
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

/** The selector must be there, be valid, and select no pod that another autoscaler selects. */
function* parseSelector(
  sync: Sync,
  { selector: text }: Scale,
): Task<{ readonly selector: CompiledLabelSelector } | { readonly error: string }> {
  const { hpa, ports, memory } = sync;
  if (text === "") {
    const message = "the HPA target's scale is missing a selector";
    return yield* badSelector(sync, "SelectorRequired", "InvalidSelector", "selector is required", message);
  }
  const selector = memory.compiled(text, compileOrError);
  if (typeof selector === "string") {
    const error = `couldn't convert selector into a corresponding internal selector object: ${selector}`;
    return yield* badSelector(sync, "InvalidSelector", "InvalidSelector", error, error);
  }
  memory.selectors.put(keyOf(hpa), selector);
  const namespace = hpa.metadata.namespace ?? "";
  const pods = ports.pods(namespace, selector);
  const others = memory.selectors.selecting(
    namespace,
    pods.map(({ metadata }) => metadata.labels),
  );
  if (others.length <= 1) return { selector };
  const error = `pods by selector ${text} are controlled by multiple HPAs: [${others.join(" ")}]`;
  return yield* badSelector(sync, "AmbiguousSelector", "AmbiguousSelector", error, error);
}

function compileOrError(text: string): CompiledLabelSelector | string {
  try {
    return compileLabelSelectorString(text);
  } catch (error) {
    if (error instanceof SelectorError) return error.message;
    throw error;
  }
}

function* badSelector(
  { hpa, ports, conditions }: Sync,
  event: string,
  reason: string,
  error: string,
  message: string,
): Task<{ readonly error: string }> {
  yield* ports.event(hpa, "Warning", event, error);
  conditions.set("ScalingActive", "False", reason, message, ports.time);
  return { error };
}

/** `isSteady`: with the same proposal, nothing that passes with time would change the answer. */
function normalizeDesired(
  sync: Sync,
  history: History,
  proposal: number,
  current: number,
): { readonly replicas: number; readonly isSteady: boolean } {
  const { hpa, ports, flags, conditions } = sync;
  const bounds = { current, min: hpa.spec.minReplicas ?? 1, max: hpa.spec.maxReplicas };
  const behavior = behaviorOf(hpa, flags);
  const { replicas, able, limited }: Normalized =
    behavior === undefined
      ? normalize(proposal, bounds, flags.downscaleStabilizationUs, history, ports.nowUs)
      : normalizeWithBehavior(proposal, bounds, behavior, history, ports.nowUs);
  conditions.set("AbleToScale", "True", able.reason, able.message, ports.time);
  conditions.set("ScalingLimited", limited.isLimited ? "True" : "False", limited.reason, limited.message, ports.time);
  return { replicas, isSteady: able.reason === "ReadyForNewScale" && !limited.isLimited };
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

interface Outcome {
  /** Before the write. */
  readonly current: number;
  readonly desired: number;
  readonly statuses: readonly MetricStatus[];
  readonly rescaled: boolean;
}

function* finish(sync: Sync, outcome: Outcome): Task<string | undefined> {
  const error = yield* writeStatus(sync, outcome);
  return error && `failed to update status for ${sync.hpa.metadata.name}: ${error}`;
}

function* writeStatus(sync: Sync, { current, desired, statuses, rescaled }: Outcome): Task<string | undefined> {
  const { hpa, ports, conditions } = sync;
  const lastScaleTime = rescaled ? ports.time : hpa.status?.lastScaleTime;
  return yield* putStatus(sync, {
    ...(lastScaleTime !== undefined && { lastScaleTime }),
    currentReplicas: current,
    desiredReplicas: desired,
    ...(statuses.length > 0 && { currentMetrics: statuses }),
    conditions: conditions.list,
  });
}

/** One write, and only where something differs from what is cached. */
function* putStatus({ hpa, ports, written }: Sync, status: HorizontalPodAutoscalerStatus): Task<string | undefined> {
  if (sameContent(hpa.status, status)) return undefined;
  written.status = true;
  const error = yield* ports.writeStatus(hpa, status);
  if (error !== undefined) yield* ports.event(hpa, "Warning", "FailedUpdateStatus", error);
  return error;
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

/** Notes a proposal that changes nothing, where normalizing would. */
function recommend(
  hpa: HorizontalPodAutoscaler,
  flags: AutoscalerFlags,
  { recommendations }: History,
  replicas: number,
  nowUs: number,
): void {
  const behavior = behaviorOf(hpa, flags);
  const windowUs =
    behavior === undefined ? flags.downscaleStabilizationUs : Math.max(behavior.upWindowUs, behavior.downWindowUs);
  remember(recommendations, { replicas, atUs: nowUs }, ({ atUs }) => atUs < nowUs - windowUs);
}

function behaviorOf({ spec }: HorizontalPodAutoscaler, flags: AutoscalerFlags): Behavior | undefined {
  if (spec.behavior === undefined) return undefined;
  const { scaleUp: up = {}, scaleDown: down = {} } = spec.behavior;
  const seconds = down.stabilizationWindowSeconds;
  return {
    up,
    down,
    upWindowUs: (up.stabilizationWindowSeconds ?? 0) * 1_000_000,
    downWindowUs: seconds === undefined ? flags.downscaleStabilizationUs : seconds * 1_000_000,
  };
}

function situationOf({ hpa, ports, flags }: Sync): Situation {
  return { tolerances: tolerancesOf(hpa, flags), windows: flags.windows, instants: instantsOf(ports) };
}

function instantsOf(ports: Ports): Instants {
  return { nowUs: ports.nowUs, instantUs: (time) => ports.instantUs(time) };
}

function tolerancesOf(
  { spec }: HorizontalPodAutoscaler,
  { tolerance, configurableTolerance }: AutoscalerFlags,
): Tolerances {
  if (!configurableTolerance) return { up: tolerance, down: tolerance };
  const { scaleUp, scaleDown } = spec.behavior ?? {};
  return {
    up: scaleUp?.tolerance === undefined ? tolerance : fractionOf(scaleUp.tolerance),
    down: scaleDown?.tolerance === undefined ? tolerance : fractionOf(scaleDown.tolerance),
  };
}

/** `AsApproximateFloat64`: the mantissa times a rounded power of ten. */
function fractionOf(text: string): number {
  const { mantissa, exponent } = parseAmount(text);
  return exponent === 0 ? Number(mantissa) : Number(mantissa) * Number(`1e${exponent}`);
}

function referenceOf({ metadata, spec }: HorizontalPodAutoscaler): string {
  return `${spec.scaleTargetRef.kind}/${metadata.namespace ?? ""}/${spec.scaleTargetRef.name}`;
}

/** `group/version` or `version`. */
function groupVersionProblem(text: string): string | undefined {
  return text.split("/").length > 2 ? `unexpected GroupVersion string: ${text}` : undefined;
}
