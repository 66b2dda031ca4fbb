import type { HorizontalPodAutoscaler } from "../../model/index.ts";
import type { Behavior } from "./normalize.ts";
import type { AutoscalerFlags } from "./ports.ts";

/** `spec.behavior` as the API server has filled it in; only the window of the way down may be left to the flag. */
export function behaviorOf({ spec }: HorizontalPodAutoscaler, flags: AutoscalerFlags): Behavior | undefined {
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

/** How long a recommendation is remembered. */
export function historyWindowUs(hpa: HorizontalPodAutoscaler, flags: AutoscalerFlags): number {
  const behavior = behaviorOf(hpa, flags);
  return behavior === undefined ? flags.downscaleStabilizationUs : Math.max(behavior.upWindowUs, behavior.downWindowUs);
}
