import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  applyDefaults,
  applyMergePatch,
  type CreationContext,
  type JsonObject,
  prepareForCreate,
  type TemplateMeta,
  validateCreate,
} from "../../src/model/index.ts";
import { type CaseResult, firstDifference, Recordings } from "./area.ts";
import { type RecordedLine, replayLines } from "./machinery-replay.ts";

interface DefaultingLine extends RecordedLine {
  readonly input?: JsonObject;
  readonly file?: string;
  readonly doc?: number;
  readonly defaulted: JsonObject;
  readonly storedPatch?: JsonObject;
  /** Why the server would not take the object; `harness: …` where the harness knows no strategy. */
  readonly createError?: string;
}

interface ManifestDocument {
  readonly file: string;
  readonly doc: number;
  readonly object: JsonObject;
}

/** What the harness gave every object. */
export const creation: CreationContext = {
  uid: "00000000-0000-0000-0000-000000000001",
  now: "2000-01-01T00:00:00Z",
  namespace: "default",
};

export function* defaulting(recordings: Recordings): Iterable<CaseResult> {
  if (!recordings.has("defaulting.jsonl")) return;
  const documents = manifestDocuments(recordings);
  yield* replayLines<DefaultingLine>(recordings, "defaulting", (line) => {
    const input = line.input ?? documents.get(`${line.file}#${line.doc}`);
    if (input === undefined) return `no document ${line.doc} of ${line.file}`;
    const defaulted = applyDefaults(input);
    const difference = firstDifference(withoutNulls(line.defaulted), defaulted);
    if (difference !== undefined || line.createError?.startsWith("harness:") === true) return difference;
    const stored = prepareForCreate(defaulted, creation);
    const refused = firstDifference(complaintsOf(line), complaintsAbout(stored), "createError");
    if (refused !== undefined || line.storedPatch === undefined) return refused;
    return firstDifference(applyMergePatch(withoutNulls(line.defaulted), line.storedPatch), stored, "stored");
  });
}

/** What follows `Kind "name" is invalid: `. */
function complaintsOf({ createError = "" }: DefaultingLine): string {
  return createError.replace(/^.*? is invalid: /, "").replace(/^\[(.*)\]$/, "$1");
}

function complaintsAbout(stored: JsonObject): string {
  const { generateName, name = `${generateName}x7k2p`, ...metadata } = stored["metadata"] as TemplateMeta;
  const created = { ...stored, metadata: { ...metadata, name, uid: creation.uid } };
  return validateCreate(created).map(({ text }) => text).join(", ");
}

/** The manifests that cases point to; they are carried beside our copy of the recordings, whichever directory is replayed. */
function manifestDocuments(recordings: Recordings): Map<string, JsonObject> {
  const name = "defaulting.documents.jsonl";
  const here = dirname(fileURLToPath(import.meta.url));
  const carried = [join(here, "machinery"), join(here, "../../../test/conformance/machinery")].find(existsSync);
  const source = recordings.has(name) || carried === undefined ? recordings : new Recordings(carried);
  return new Map(
    source.lines<ManifestDocument>(name).map(({ file, doc, object }) => [`${file}#${doc}`, object]),
  );
}

/** The value without nulls in objects: absent and null are the same thing. */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, item]) => item !== null);
  return Object.fromEntries(entries.map(([key, item]) => [key, withoutNulls(item)]));
}
