import {
  applyDefaults,
  generationAfter,
  type JsonObject,
  prepareForCreate,
  validateCreate,
  validateUpdate,
} from "../../src/model/index.ts";
import { type CaseResult, firstDifference, type Recordings } from "./area.ts";
import { creation, withoutNulls } from "./machinery-defaulting.ts";
import { type RecordedLine, replayLines } from "./machinery-replay.ts";

interface RecordedCause {
  readonly field: string;
  readonly message: string;
  readonly reason: string;
}

interface ValidationLine extends RecordedLine {
  readonly input: JsonObject;
  readonly before: JsonObject;
  readonly after: JsonObject;
  readonly stored?: JsonObject;
  readonly generationAfter?: number;
  readonly error?: { readonly message: string; readonly causes?: readonly RecordedCause[] };
}

export function validation(recordings: Recordings): Iterable<CaseResult> {
  return replayLines<ValidationLine>(recordings, "validation", (line) => {
    const [expected, actual] = line.op === "create" ? created(line) : updated(line);
    return firstDifference(expected, actual);
  });
}

function created({ input, stored, error }: ValidationLine): [unknown, unknown] {
  const object = prepareForCreate(applyDefaults(named(input)), creation);
  const errors = validateCreate(withUid(object));
  if (error !== undefined || errors.length > 0) return [recorded(error), answer(errors)];
  return [withoutNulls(stored), object];
}

/** The harness gives generated names this ending. */
function named(input: JsonObject): JsonObject {
  const metadata = (input["metadata"] ?? {}) as JsonObject;
  if (metadata["name"] !== undefined || metadata["generateName"] === undefined) return input;
  return { ...input, metadata: { ...metadata, name: `${metadata["generateName"]}x7k2p` } };
}

const withUid = (object: JsonObject): JsonObject => ({
  ...object,
  metadata: { ...(object["metadata"] as JsonObject), uid: creation.uid },
});

function updated(line: ValidationLine): [unknown, unknown] {
  const before = prepared(line.before);
  const after = prepared(line.after);
  const errors = validateUpdate(before, after);
  if (line.error !== undefined || errors.length > 0) return [recorded(line.error), answer(errors)];
  return [line.generationAfter ?? null, generationAfter(before, after) ?? null];
}

function prepared(object: JsonObject): JsonObject {
  const stored = prepareForCreate(applyDefaults(object), creation);
  const { resourceVersion, ...rest } = (object["metadata"] ?? {}) as JsonObject;
  const metadata = { ...rest, ...(stored["metadata"] as JsonObject), uid: creation.uid };
  const status = object["status"] ?? stored["status"];
  return { ...stored, metadata: { ...metadata, ...(resourceVersion !== undefined && { resourceVersion }) }, status };
}

/** Up to the first line break: what follows is a diff of Go structs. */
const firstLine = (text: string): string => text.split("\n")[0]!;

function recorded(error: ValidationLine["error"]): unknown {
  if (error === undefined) return { valid: true };
  const causes = (error.causes ?? []).map(({ field, message, reason }) => ({ field, message: firstLine(message), reason }));
  return { causes };
}

function answer(errors: ReturnType<typeof validateCreate>): unknown {
  if (errors.length === 0) return { valid: true };
  return { causes: errors.map(({ field, body, type }) => ({ field, message: firstLine(body), reason: type })) };
}

