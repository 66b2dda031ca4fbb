import type { Invariant } from "./invariant.ts";
import { moneyConserved } from "./money-conserved.ts";
import { ownersConsistent } from "./owners-consistent.ts";
import { podBoundOnce } from "./pod-bound-once.ts";
import { podsWithinAllocatable } from "./pods-within-allocatable.ts";
import { replicasWithinBounds } from "./replicas-within-bounds.ts";
import { requestsConserved } from "./requests-conserved.ts";
import { routesOnlyToReady } from "./routes-only-to-ready.ts";

/** What must hold in every run, whatever happens in it. */
export const invariants: readonly Invariant[] = [
  podsWithinAllocatable,
  podBoundOnce,
  ownersConsistent,
  routesOnlyToReady,
  replicasWithinBounds,
  requestsConserved,
  moneyConserved,
];

export { type Books, type Checked, type Checker, defineInvariant, type Invariant } from "./invariant.ts";
