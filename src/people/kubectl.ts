import { type Draft, produce } from "immer";
import type { ApiReply } from "../apiserver/index.ts";
import { callApi, type Task } from "../client/index.ts";
import type { Kind, KubeObject, ObjectKey } from "../model/index.ts";

/** The client that people use, and its name. */
export const client = "kubectl";

/** What kubectl prints when something is refused; `undefined` when all went well. */
export type Refusal = string | undefined;

/** An object by kind and key. */
export interface Target {
  readonly kind: Kind;
  readonly key: ObjectKey;
}

export function refusalOf(reply: ApiReply): Refusal {
  return reply.ok ? undefined : reply.error.message;
}

/** Changes an object as it is stored then. What the recipe does not touch stays shared with it. */
export function* edit<T extends KubeObject>({ kind, key }: Target, recipe: (draft: Draft<T>) => void): Task<Refusal> {
  const change = (stored: KubeObject): KubeObject =>
    produce(stored as T, (draft) => {
      recipe(draft);
    });
  return refusalOf(yield* callApi(client, { verb: "patch", kind, key, part: "main", change }));
}
