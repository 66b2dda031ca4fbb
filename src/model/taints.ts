import type { Taint, Toleration } from "./generated/api-types.ts";
import { parseInt64 } from "./selector-requirement.ts";

/**
 * Whether one toleration bears one taint. `comparisonOperators` is the gate TaintTolerationComparisonOperators: off by default in
 * 1.36, so `Gt` and `Lt` tolerate nothing.
 */
export function toleratesTaint(
  toleration: Toleration,
  taint: Pick<Taint, "key" | "value" | "effect">,
  comparisonOperators = false,
): boolean {
  const { effect = "", key = "", operator = "", value = "" } = toleration;
  if (effect !== "" && effect !== taint.effect) return false;
  if (key !== "" && key !== taint.key) return false;
  switch (operator) {
    case "":
    case "Equal":
      return value === (taint.value ?? "");
    case "Exists":
      return true;
    case "Gt":
    case "Lt":
      return comparisonOperators && compares(operator, taint.value ?? "", value);
    default:
      return false;
  }
}

function compares(operator: "Gt" | "Lt", taintValue: string, tolerated: string): boolean {
  const [taint, bound] = [parseInt64(taintValue), parseInt64(tolerated)];
  if (taint === undefined || bound === undefined) return false;
  return operator === "Gt" ? taint > bound : taint < bound;
}

/** Whether some toleration bears the taint. */
export function tolerationsTolerate(
  tolerations: readonly Toleration[] | undefined,
  taint: Pick<Taint, "key" | "value" | "effect">,
): boolean {
  if (tolerations === undefined) return false;
  for (const toleration of tolerations) if (toleratesTaint(toleration, taint)) return true;
  return false;
}

/** The first taint of the given effects that nothing tolerates. */
export function findUntoleratedTaint(
  taints: readonly Taint[] | undefined,
  tolerations: readonly Toleration[] | undefined,
  effects: readonly string[],
): Taint | undefined {
  for (const taint of taints ?? []) {
    if (effects.includes(taint.effect) && !tolerationsTolerate(tolerations, taint)) return taint;
  }
  return undefined;
}
