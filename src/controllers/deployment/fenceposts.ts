import { type Deployment, deploymentBounds, type Fenceposts } from "../../model/index.ts";

/** How far a rollout may go above and below the wanted size; recreating goes nowhere (deployment util v1.36). */
export function fenceposts({ spec }: Deployment): Fenceposts {
  if (spec.strategy?.type === "Recreate") return { maxSurge: 0, maxUnavailable: 0 };
  const { maxSurge = "25%", maxUnavailable = "25%" } = spec.strategy?.rollingUpdate ?? {};
  return deploymentBounds(maxSurge, maxUnavailable, spec.replicas ?? 1);
}
