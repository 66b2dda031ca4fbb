import type { Pod } from "../../model/index.ts";
import type { ScaledDownNode } from "./actuator.ts";
import type { UnhelpedPod } from "./scale-up.ts";

/** What a run came to, under upstream's names. */
export interface ScaleUpStatus {
  result:
    | "ScaleUpSuccessful"
    | "ScaleUpError"
    | "ScaleUpNoOptionsAvailable"
    | "ScaleUpNotNeeded"
    | "ScaleUpNotTried"
    | "ScaleUpInCooldown"
    | "ScaleUpLimitedByMaxNodesTotal";
  scaleUps: readonly { group: string; currentSize: number; newSize: number; maxSize: number }[];
  helped: readonly Pod[];
  awaiting: readonly Pod[];
  unhelped: readonly UnhelpedPod[];
}

export interface ScaleDownStatus {
  result:
    | "ScaleDownError"
    | "ScaleDownNoNodeDeleted"
    | "ScaleDownNodeDeleteStarted"
    | "ScaleDownNotTried"
    | "ScaleDownInCooldown"
    | "ScaleDownNoCandidates";
  scaledDown: readonly ScaledDownNode[];
}

export interface RunStatus {
  readonly scaleUp: ScaleUpStatus;
  readonly scaleDown: ScaleDownStatus;
}

export function emptyStatus(): RunStatus {
  return {
    scaleUp: { result: "ScaleUpNotTried", scaleUps: [], helped: [], awaiting: [], unhelped: [] },
    scaleDown: { result: "ScaleDownNotTried", scaledDown: [] },
  };
}
