import { callApi, type Outcome, type Task } from "../../client/index.ts";
import { type KubeObject, keyOf } from "../../model/index.ts";
import { client, type ScaledObject, type ScaledObjectCondition, type ScaledObjectStatus } from "./scaled-object.ts";

/** A merge patch of the status: nobody else writes it, so it is never in conflict. Fields that are `undefined` go. */
export function* writeStatus(
  scaledObject: ScaledObject,
  fields: { readonly [Field in keyof ScaledObjectStatus]: ScaledObjectStatus[Field] | undefined },
  conditions: readonly ScaledObjectCondition[],
): Task<Outcome | undefined> {
  const change = (stored: KubeObject): KubeObject => {
    const { status } = stored as ScaledObject;
    const next = { ...status, ...fields, conditions: withConditions(status, conditions) };
    const kept = Object.entries(next).filter(([, value]) => value !== undefined);
    return { ...stored, status: Object.fromEntries(kept) } as KubeObject;
  };
  const key = keyOf(scaledObject);
  const reply = yield* callApi(client, { verb: "patch", kind: "ScaledObject", key, part: "status", change });
  return reply.ok || reply.error.code === 404 ? undefined : { retry: reply.error };
}

export function conditionOf(
  { status }: ScaledObject,
  type: ScaledObjectCondition["type"],
): ScaledObjectCondition | undefined {
  return status?.conditions?.find((condition) => condition.type === type);
}

function withConditions(
  status: ScaledObjectStatus | undefined,
  conditions: readonly ScaledObjectCondition[],
): ScaledObjectCondition[] {
  const types = new Set(conditions.map(({ type }) => type));
  const others = (status?.conditions ?? []).filter(({ type }) => !types.has(type));
  return [...others, ...conditions].sort((a, b) => (a.type > b.type ? -1 : 1));
}
