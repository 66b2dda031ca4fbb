import type { Deployment, IntOrString } from "../../model/index.ts";

/**
 * How far a rollout may go above and below the wanted size: the surge rounds up, what may be missing rounds down, and
 * both cannot be 0 (ResolveFenceposts, deployment util v1.36).
 */
export function fenceposts({ spec }: Deployment): { readonly maxSurge: number; readonly maxUnavailable: number } {
  const replicas = spec.replicas ?? 1;
  if (spec.strategy?.type === "Recreate") return { maxSurge: 0, maxUnavailable: 0 };
  const { maxSurge = "25%", maxUnavailable = "25%" } = spec.strategy?.rollingUpdate ?? {};
  const surge = scaled(maxSurge, replicas, Math.ceil);
  let unavailable = scaled(maxUnavailable, replicas, Math.floor);
  if (surge === 0 && unavailable === 0) unavailable = 1;
  return { maxSurge: surge, maxUnavailable: replicas === 0 ? 0 : Math.min(unavailable, replicas) };
}

function scaled(value: IntOrString, total: number, round: (value: number) => number): number {
  if (typeof value === "number") return value;
  return round((Number(value.replace("%", "")) * total) / 100);
}
