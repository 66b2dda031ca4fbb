import type { HPAScalingPolicy, HPAScalingRules } from "../../model/index.ts";
import { int32OfFloat } from "./go-integers.ts";
import { type History, type Recommendation, remember, type ScaleEvent } from "./history.ts";

/** What may become of a proposal. */
export interface Bounds {
  /** `spec.replicas` of the target. */
  readonly current: number;
  readonly min: number;
  readonly max: number;
}

export interface Verdict {
  readonly replicas: number;
  readonly reason: string;
  readonly message: string;
}

/** What is wanted now, and what it says in the conditions AbleToScale and ScalingLimited. */
export interface Normalized {
  readonly replicas: number;
  /** Before this instant the same proposal and count come to the same, if no other proposal is noted meanwhile. */
  readonly steadyUntilUs: number;
  readonly able: Omit<Verdict, "replicas">;
  readonly limited: Verdict & { readonly isLimited: boolean };
}

/** `spec.behavior` with all defaults filled in. */
export interface Behavior {
  readonly up: HPAScalingRules;
  readonly down: HPAScalingRules;
  readonly upWindowUs: number;
  readonly downWindowUs: number;
}

const ready = { reason: "ReadyForNewScale", message: "recommended size matches current size" };
const stabilizedDown = {
  reason: "ScaleDownStabilized",
  message: "recent recommendations were higher than current one, applying the highest recent recommendation",
};
const stabilizedUp = {
  reason: "ScaleUpStabilized",
  message: "recent recommendations were lower than current one, applying the lowest recent recommendation",
};
const tooFew = {
  reason: "TooFewReplicas",
  message: "the desired replica count is less than the minimum replica count",
};
const tooMany = {
  reason: "TooManyReplicas",
  message: "the desired replica count is more than the maximum replica count",
};
const tooFast = {
  reason: "ScaleUpLimit",
  message: "the desired replica count is increasing faster than the maximum scale rate",
};
const tooFastDown = {
  reason: "ScaleDownLimit",
  message: "the desired replica count is decreasing faster than the maximum scale rate",
};
const withinRange = {
  reason: "DesiredWithinRange",
  message: "the desired count is within the acceptable range",
};

/** Without `spec.behavior`: the highest proposal of the window, at most doubled. */
export function normalize(
  proposal: number,
  { current, min, max }: Bounds,
  windowUs: number,
  { recommendations }: History,
  nowUs: number,
): Normalized {
  const cutoffUs = nowUs - windowUs;
  let stabilized = proposal;
  let voteUs = Number.POSITIVE_INFINITY;
  for (const { atUs, replicas } of recommendations) {
    // The edge counts here, and does not with a behavior.
    if (atUs < cutoffUs || replicas < stabilized) continue;
    if (replicas > stabilized) voteUs = atUs;
    else if (stabilized > proposal) voteUs = Math.max(voteUs, atUs);
    stabilized = replicas;
  }
  remember(recommendations, { replicas: proposal, atUs: nowUs }, ({ atUs }) => atUs < cutoffUs);
  const limit = Math.max(2 * current, 4);
  let verdict: Verdict = { replicas: stabilized, ...withinRange };
  if (stabilized < min) verdict = { replicas: min, ...tooFew };
  else if (stabilized > Math.min(max, limit)) {
    verdict = max > limit ? { replicas: limit, ...tooFast } : { replicas: max, ...tooMany };
  }
  return normalized(stabilized === proposal ? ready : stabilizedDown, verdict, stabilized, voteUs + windowUs + 1);
}

/** With any `spec.behavior`: stabilized in both directions, and as fast as its policies allow. */
export function normalizeWithBehavior(
  proposal: number,
  bounds: Bounds,
  behavior: Behavior,
  history: History,
  nowUs: number,
): Normalized {
  const { current } = bounds;
  const { stabilized, untilUs } = stabilize(proposal, current, behavior, history, nowUs);
  const moved = proposal >= current ? stabilizedUp : stabilizedDown;
  const verdict = withinRate(stabilized, bounds, behavior, history, nowUs);
  return normalized(stabilized === proposal ? ready : moved, verdict, stabilized, untilUs);
}

/** `untilUs`: when `stabilized` changes by itself. What limits its rate may change at any instant. */
function normalized(able: Normalized["able"], verdict: Verdict, stabilized: number, untilUs: number): Normalized {
  const { replicas, reason, message } = verdict;
  const isLimited = replicas !== stabilized;
  const isAtRate = isLimited && verdict.reason !== tooFew.reason && verdict.reason !== tooMany.reason;
  const steadyUntilUs = isAtRate ? Number.NEGATIVE_INFINITY : untilUs;
  return { replicas, steadyUntilUs, able, limited: { replicas, reason, message, isLimited } };
}

function stabilize(
  proposal: number,
  current: number,
  { upWindowUs, downWindowUs }: Behavior,
  { recommendations }: History,
  nowUs: number,
): { readonly stabilized: number; readonly untilUs: number } {
  let up = proposal;
  let down = proposal;
  for (const { atUs, replicas } of recommendations) {
    if (atUs > nowUs - upWindowUs) up = Math.min(up, replicas);
    if (atUs > nowUs - downWindowUs) down = Math.max(down, replicas);
  }
  let untilUs = Number.POSITIVE_INFINITY;
  if (up < proposal) untilUs = lastOf(recommendations, up) + upWindowUs;
  if (down > proposal) untilUs = Math.min(untilUs, lastOf(recommendations, down) + downWindowUs);
  const oldestUs = nowUs - Math.max(upWindowUs, downWindowUs);
  remember(recommendations, { replicas: proposal, atUs: nowUs }, ({ atUs }) => atUs < oldestUs);
  return { stabilized: Math.min(Math.max(current, up), down), untilUs };
}

/** When this count was recommended last. */
function lastOf(recommendations: readonly Recommendation[], count: number): number {
  let lastUs = Number.NEGATIVE_INFINITY;
  for (const { atUs, replicas } of recommendations) if (replicas === count) lastUs = Math.max(lastUs, atUs);
  return lastUs;
}

function withinRate(wanted: number, bounds: Bounds, { up, down }: Behavior, history: History, nowUs: number): Verdict {
  const { current, min, max } = bounds;
  if (wanted > current) {
    const limit = Math.max(current, upLimit(current, up, history, nowUs));
    const verdict = max > limit ? { replicas: limit, ...tooFast } : { replicas: max, ...tooMany };
    if (wanted > verdict.replicas) return verdict;
  } else if (wanted < current) {
    const limit = Math.min(current, downLimit(current, down, history, nowUs));
    const verdict = min < limit ? { replicas: limit, ...tooFastDown } : { replicas: min, ...tooFew };
    if (wanted < verdict.replicas) return verdict;
  }
  return { replicas: wanted, ...withinRange };
}

/** The largest count that the policies allow now. */
function upLimit(
  current: number,
  { policies = [], selectPolicy }: HPAScalingRules,
  history: History,
  nowUs: number,
): number {
  if (selectPolicy === "Disabled") return current;
  const proposals = policies.map((policy) => {
    const start = periodStart(current, policy, history, nowUs);
    if (policy.type === "Pods") return start + policy.value;
    // Rounded up, or a small count would never grow. 110 · 1.1 is 121.00000000000001 here, as upstream.
    return int32OfFloat(Math.ceil(start * (1 + policy.value / 100)));
  });
  return selectPolicy === "Min" ? Math.min(...proposals) : Math.max(...proposals);
}

/** The smallest count that the policies allow now: Max means the most pods removed. */
function downLimit(
  current: number,
  { policies = [], selectPolicy }: HPAScalingRules,
  history: History,
  nowUs: number,
): number {
  if (selectPolicy === "Disabled") return current;
  const proposals = policies.map((policy) => {
    const start = periodStart(current, policy, history, nowUs);
    if (policy.type === "Pods") return start - policy.value;
    return int32OfFloat(start * (1 - policy.value / 100));
  });
  return selectPolicy === "Min" ? Math.max(...proposals) : Math.min(...proposals);
}

/** The count at the beginning of a policy's period, as far as the autoscaler's own changes tell. */
function periodStart(
  current: number,
  { periodSeconds }: HPAScalingPolicy,
  { ups, downs }: History,
  nowUs: number,
): number {
  const cutoffUs = nowUs - periodSeconds * 1_000_000;
  return current - changeSince(ups, cutoffUs) + changeSince(downs, cutoffUs);
}

function changeSince(events: readonly ScaleEvent[], cutoffUs: number): number {
  let change = 0;
  for (const event of events) if (event.atUs > cutoffUs) change += event.change;
  return change;
}
