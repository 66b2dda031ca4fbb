import {
  applyJsonPatch,
  applyMergePatch,
  applyStrategicMergePatch,
  type JsonObject,
  type JsonPatchOperation,
  PatchError,
  structOf,
  threeWayJsonMergePatch,
  threeWayStrategicPatch,
} from "../../src/model/index.ts";
import { type CaseResult, firstDifference, type Recordings } from "./area.ts";
import { type RecordedLine, replayLines } from "./machinery-replay.ts";

interface PatchLine extends RecordedLine {
  readonly dataStruct?: string;
  readonly original: unknown;
  readonly modified: JsonObject;
  readonly current: JsonObject;
  readonly patch: unknown;
  readonly result?: unknown;
  readonly error?: string;
}

export function* patches(recordings: Recordings): Iterable<CaseResult> {
  if (!recordings.has("patches.fixtures.json")) return;
  const fixtures = recordings.json<Record<string, JsonObject>>("patches.fixtures.json");
  yield* replayLines<PatchLine>(recordings, "patches", (line) => {
    if (line.op!.startsWith("threeWay")) return threeWay(line);
    const original = typeof line.original === "string" ? fixtures[line.original] : line.original;
    const { result, error } = line;
    return firstDifference({ result, error }, patched(line, original as JsonObject));
  });
}

function patched({ op, dataStruct, patch }: PatchLine, original: JsonObject): unknown {
  try {
    if (op === "jsonMerge") return { result: applyMergePatch(original, patch), error: undefined };
    if (op === "jsonPatch") {
      return { result: applyJsonPatch(original, patch as JsonPatchOperation[]), error: undefined };
    }
    return { result: applyStrategicMergePatch(original, patch as JsonObject, struct(dataStruct!)), error: undefined };
  } catch (error) {
    if (error instanceof PatchError) return { result: undefined, error: error.message };
    throw error;
  }
}

function threeWay({ op, dataStruct, original, modified, current, patch, result }: PatchLine): string | undefined {
  const lastApplied = original as JsonObject | null;
  if (op === "threeWayJSONMerge") return firstDifference(patch, threeWayJsonMergePatch(lastApplied, modified, current));
  const made = threeWayStrategicPatch(lastApplied, modified, current, struct(dataStruct!));
  const merged = applyStrategicMergePatch(current, made, struct(dataStruct!));
  return firstDifference(patch, made) ?? firstDifference(result, merged, "result");
}

/** `apps/v1.Deployment` names the struct of a kind. */
function struct(dataStruct: string): string {
  const dot = dataStruct.lastIndexOf(".");
  return structOf(dataStruct.slice(0, dot), dataStruct.slice(dot + 1))!;
}
