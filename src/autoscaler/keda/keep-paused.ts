import type { Outcome, Task, View } from "../../client/index.ts";
import { carryOut } from "../policies/carry-out.ts";
import { paused } from "./conditions.ts";
import { dropAutoscaler } from "./keep-autoscaler.ts";
import type { Pause } from "./pause.ts";
import { client, type ScaledObject, targetKey, targetOf, targetReplicas } from "./scaled-object.ts";
import { conditionOf, writeStatus } from "./write-status.ts";

/** Brings the target to the count that it is paused at, if there is one, and takes the HPA away. */
export function* keepPaused(scaledObject: ScaledObject, { replicas }: Pause, view: View): Task<Outcome | undefined> {
  const { kind } = targetOf(scaledObject);
  const key = targetKey(scaledObject);
  const current = targetReplicas(scaledObject, view);
  if (replicas !== undefined && current !== undefined && current !== replicas) {
    yield* carryOut(client, { do: "scale", kind: kind as "Deployment", key, replicas });
  }
  const refused = yield* dropAutoscaler(scaledObject, view);
  if (refused !== undefined) return refused;
  const isTold =
    conditionOf(scaledObject, "Paused")?.status === "True" && scaledObject.status?.pausedReplicaCount === replicas;
  return isTold ? undefined : yield* writeStatus(scaledObject, { pausedReplicaCount: replicas }, [paused]);
}
