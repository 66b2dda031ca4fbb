import { type HorizontalPodAutoscaler, parseAmount } from "../../model/index.ts";
import type { Instants } from "./pod-groups.ts";
import type { AutoscalerFlags, Ports } from "./ports.ts";
import type { Situation, Tolerances } from "./replica-calculator.ts";
import type { Sync } from "./sync-state.ts";

/** What the calculator is told of a sync. */
export function situationOf({ hpa, ports, flags }: Sync): Situation {
  return { tolerances: tolerancesOf(hpa, flags), windows: flags.windows, instants: instantsOf(ports) };
}

export function instantsOf(ports: Ports): Instants {
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
