import type { ScaledObject } from "./scaled-object.ts";

/** What the scale loop knows at a poll; instants in virtual microseconds. */
export interface Situation {
  readonly spec: ScaledObject["spec"];
  readonly replicas: number;
  readonly active: boolean;
  /** A scaler answered with an error. */
  readonly failed: boolean;
  /** People do not want it put to rest, or woken. */
  readonly pausedIn: boolean;
  readonly pausedOut: boolean;
  readonly nowUs: number;
  readonly createdUs: number;
  readonly lastActiveUs: number | undefined;
}

/** What the operator does about it. From 1 up and back the HPA decides. */
export type ScaleStep =
  | { readonly do: "activate" | "deactivate" | "raise"; readonly replicas: number }
  /** Active, and nothing to scale: `lastActiveTime` is now. */
  | { readonly do: "note" }
  | { readonly do: "cool down" | "nothing" };

const defaultCooldownSeconds = 300;

/** KEDA's scale executor for ScaledObjects (`RequestScale`, as of 2026-08). */
export function decideScale(situation: Situation): ScaleStep {
  const { spec, replicas, active, failed, pausedIn, pausedOut, nowUs } = situation;
  const { minReplicaCount: least = 0, idleReplicaCount: idle, fallback } = spec;
  if (active) {
    const asleep = replicas === 0 || (idle !== undefined && replicas < least);
    if (asleep) return pausedOut ? { do: "nothing" } : { do: "activate", replicas: Math.max(1, least) };
    return failed ? { do: "nothing" } : { do: "note" };
  }
  // With a fallback the HPA brings it there, which it could not do from zero.
  if (failed && fallback?.replicas !== 0) return { do: "nothing" };
  const mayRest = idle !== undefined ? replicas > idle : replicas > 0 && least === 0;
  if (mayRest) {
    if (pausedIn) return { do: "nothing" };
    return cooledUs(situation) < nowUs ? { do: "deactivate", replicas: idle ?? least } : { do: "cool down" };
  }
  // Without regard to any cooldown.
  return replicas < least && idle === undefined ? { do: "raise", replicas: least } : { do: "nothing" };
}

function cooledUs({ spec, createdUs, lastActiveUs }: Situation): number {
  const { cooldownPeriod = defaultCooldownSeconds, initialCooldownPeriod = 0 } = spec;
  return lastActiveUs === undefined
    ? createdUs + initialCooldownPeriod * 1_000_000
    : lastActiveUs + cooldownPeriod * 1_000_000;
}
