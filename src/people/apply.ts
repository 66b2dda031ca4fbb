import type { NewObject } from "../apiserver/index.ts";
import { callApi, type Task } from "../client/index.ts";
import {
  type JsonObject,
  type KubeObject,
  keyOf,
  structOf,
  threeWayJsonMergePatch,
  threeWayStrategicPatch,
} from "../model/index.ts";
import { client, type Refusal, refusalOf } from "./kubectl.ts";
import { patched } from "./patch.ts";

/**
 * `kubectl apply`, three-way: what the last file had and this one lacks is deleted, what it names is set, and what nobody
 * applied stays. What was applied last is kept here instead of as an annotation on every object, which would double them.
 */
export class Appliances {
  readonly #last = new Map<string, NewObject>();

  /** `applied` are the manifests that made the cluster. */
  constructor(applied: readonly NewObject[]) {
    for (const object of applied) this.#note(object);
  }

  /** One object after another; refusals do not keep the others from being applied. */
  *apply(objects: readonly NewObject[]): Task<Refusal> {
    const refusals: string[] = [];
    for (const object of objects) {
      const refusal = yield* this.#applyOne(object);
      if (refusal === undefined) this.#note(object);
      else refusals.push(refusal);
    }
    return refusals.length === 0 ? undefined : refusals.join("; ");
  }

  *#applyOne(wanted: NewObject): Task<Refusal> {
    const { kind, apiVersion } = wanted;
    const key = keyOf(wanted);
    const live = yield* callApi(client, { verb: "get", kind, key });
    if (!live.ok) {
      if (live.error.code !== 404) return refusalOf(live);
      return refusalOf(yield* callApi(client, { verb: "create", object: wanted }));
    }
    const last = this.#last.get(nameOf(wanted)) ?? null;
    const struct = structOf(apiVersion, kind);
    const three = [plain(last), plain(wanted) as JsonObject, plain(live.object) as JsonObject] as const;
    const patch = struct === undefined ? threeWayJsonMergePatch(...three) : threeWayStrategicPatch(...three, struct);
    if (Object.keys(patch).length === 0) return undefined;
    return yield* patched({ kind, key }, { type: struct === undefined ? "merge" : "strategic", patch });
  }

  #note(object: NewObject): void {
    this.#last.set(nameOf(object), object);
  }
}

function nameOf(object: NewObject): string {
  return `${object.kind}/${keyOf(object)}`;
}

/** As JSON: without the fields that are `undefined`. */
function plain(object: NewObject | KubeObject | null): JsonObject | null {
  return JSON.parse(JSON.stringify(object)) as JsonObject | null;
}
