import type { ScaledObject } from "./scaled-object.ts";

const paused = "autoscaling.keda.sh/paused";
const pausedReplicas = "autoscaling.keda.sh/paused-replicas";
const pausedIn = "autoscaling.keda.sh/paused-scale-in";
const pausedOut = "autoscaling.keda.sh/paused-scale-out";

/** Annotations by which people stop KEDA. */
export interface Pause {
  /** No HPA and no scale loop. */
  readonly whole: boolean;
  /** The count that the target is held at; absent: it stays as it is. */
  readonly replicas?: number;
  /** The target is not put to rest, or not woken. */
  readonly scaleIn: boolean;
  readonly scaleOut: boolean;
}

/** What the annotations of a ScaledObject ask for. A count wins over `paused`. */
export function pauseOf({ metadata }: Pick<ScaledObject, "metadata">): Pause {
  const { annotations = {} } = metadata;
  const sides = { scaleIn: isTrue(annotations[pausedIn]), scaleOut: isTrue(annotations[pausedOut]) };
  const count = annotations[pausedReplicas];
  if (count !== undefined && /^\d+$/.test(count)) return { whole: true, replicas: Number(count), ...sides };
  return { whole: isTrue(annotations[paused]), ...sides };
}

const falseTexts: ReadonlySet<string> = new Set(["0", "f", "F", "false", "False", "FALSE"]);

/** What is no boolean is taken for a wish to pause. */
function isTrue(text: string | undefined): boolean {
  return text !== undefined && !falseTexts.has(text);
}
