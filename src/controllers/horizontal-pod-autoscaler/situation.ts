import { type HorizontalPodAutoscaler, parseAmount } from "../../model/index.ts";
import type { AutoscalerFlags } from "./ports.ts";
import type { Situation, Tolerances } from "./replica-calculator.ts";
import type { Sync } from "./sync-state.ts";

/** What the calculator is told of a sync. */
export function situationOf({ hpa, ports, flags }: Sync): Situation {
  return { tolerances: tolerancesOf(hpa, flags), windows: flags.windows, nowUs: ports.nowUs };
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
