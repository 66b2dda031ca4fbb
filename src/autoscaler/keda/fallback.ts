import type { MetricsAnswer, MetricValue, ObjectKey } from "../../model/index.ts";
import type { Fallback, ScaledObject, TriggerHealth } from "./scaled-object.ts";

/** How often in a row each trigger has failed the HPAs that asked. */
export class TriggerFailures {
  readonly #failures = new Map<ObjectKey, Map<string, number>>();

  /** Notes an answer; says how often the trigger has failed in a row. */
  note(scaledObject: ObjectKey, metric: string, ok: boolean): number {
    let failures = this.#failures.get(scaledObject);
    if (failures === undefined) {
      failures = new Map();
      this.#failures.set(scaledObject, failures);
    }
    const count = ok ? 0 : (failures.get(metric) ?? 0) + 1;
    failures.set(metric, count);
    return count;
  }

  forget(scaledObject: ObjectKey): void {
    this.#failures.delete(scaledObject);
  }

  /** `status.health`; `undefined` while nobody has asked. */
  health(scaledObject: ObjectKey): Readonly<Record<string, TriggerHealth>> | undefined {
    const failures = this.#failures.get(scaledObject);
    if (failures === undefined) return undefined;
    const entries = [...failures].sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(
      entries.map(([metric, numberOfFailures]) => [
        metric,
        { numberOfFailures, status: numberOfFailures === 0 ? "Happy" : "Failing" },
      ]),
    );
  }
}

/** Whether some trigger has failed too often. */
export function fallsBack(
  { fallback }: ScaledObject["spec"],
  health: Readonly<Record<string, TriggerHealth>>,
): boolean {
  if (fallback === undefined) return false;
  return Object.values(health).some(({ numberOfFailures }) => numberOfFailures > fallback.failureThreshold);
}

/** The answer that makes the HPA want the count of the fallback: the target, as a whole number, so many times. */
export function fallbackAnswer(
  fallback: Fallback,
  current: number,
  targetPerReplica: number,
  nowUs: number,
): MetricsAnswer<MetricValue> {
  const milli = Math.trunc(targetPerReplica) * 1000 * fallbackReplicas(fallback, current);
  return { ok: true, items: [{ name: "fallback", milli, timestampUs: nowUs, windowUs: 0 }] };
}

function fallbackReplicas({ replicas, behavior = "static" }: Fallback, current: number): number {
  switch (behavior) {
    case "currentReplicas":
      return current;
    case "currentReplicasIfHigher":
      return Math.max(current, replicas);
    case "currentReplicasIfLower":
      return Math.min(current, replicas);
    default:
      return replicas;
  }
}
