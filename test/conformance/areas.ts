import type { Area } from "./area.ts";
import { closedLoop } from "./closed-loop.ts";
import { closedLoopOwnPhases } from "./closed-loop-own-phases.ts";
import { clusterAutoscaler } from "./cluster-autoscaler.ts";
import { hpa } from "./hpa.ts";
import { kubectl } from "./kubectl.ts";
import { kubelet } from "./kubelet.ts";
import { machinery } from "./machinery.ts";
import { scheduler } from "./scheduler.ts";
import { timelines } from "./timelines.ts";

/** Every area that can be replayed. */
export const areas: readonly Area[] = [
  closedLoop,
  closedLoopOwnPhases,
  clusterAutoscaler,
  hpa,
  kubectl,
  kubelet,
  machinery,
  scheduler,
  timelines,
];
