import { callApi, type Task } from "../client/index.ts";
import {
  applyDefaults,
  applyJsonPatch,
  applyMergePatch,
  applyStrategicMergePatch,
  DecodeError,
  type JsonObject,
  type KubeObject,
  PatchError,
  structOf,
} from "../model/index.ts";
import type { PatchText } from "../scenario/index.ts";
import { client, type Refusal, refusalOf, type Target } from "./kubectl.ts";

/** `kubectl patch`: the server applies the patch to what it has then, and fills in what the result leaves open. */
export function* patched({ kind, key }: Target, text: PatchText): Task<Refusal> {
  let refusal: Refusal;
  const change = (stored: KubeObject): KubeObject => {
    try {
      const { apiVersion } = stored;
      const next = result(stored as unknown as JsonObject, text, structOf(apiVersion, kind));
      return applyDefaults(next as never) as unknown as KubeObject;
    } catch (error) {
      if (!(error instanceof PatchError || error instanceof DecodeError)) throw error;
      refusal = error.message;
      return stored;
    }
  };
  const reply = yield* callApi(client, { verb: "patch", kind, key, part: "main", change });
  return refusal ?? refusalOf(reply);
}

function result(stored: JsonObject, text: PatchText, struct: string | undefined): unknown {
  if (text.type === "json") return applyJsonPatch(stored, text.patch);
  if (text.type === "merge") return applyMergePatch(stored, text.patch);
  if (struct !== undefined) return applyStrategicMergePatch(stored, text.patch, struct);
  throw new PatchError(
    "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml",
  );
}
