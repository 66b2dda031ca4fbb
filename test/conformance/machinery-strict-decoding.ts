import { parseDocument } from "yaml";
import { DecodeError, decodeStrictly, decodeValueStrictly } from "../../src/model/index.ts";
import { type CaseResult, firstDifference, type Recordings } from "./area.ts";
import { withoutNulls } from "./machinery-defaulting.ts";
import { type RecordedLine, replayLines } from "./machinery-replay.ts";

interface DecodingLine extends RecordedLine {
  readonly format: "json" | "yaml";
  readonly input: string;
  readonly decoded?: unknown;
  readonly strictError?: string | null;
  readonly error?: string;
}

export function strictDecoding(recordings: Recordings): Iterable<CaseResult> {
  return replayLines<DecodingLine>(recordings, "strict-decoding", (line) => {
    const { error, decoded, strictError } = line;
    const answer = decode(line);
    if (error?.startsWith("yaml:") === true) return answer.error === undefined ? "expected no YAML" : undefined;
    const expected = error === undefined ? { decoded: withoutNulls(decoded), strictError: strictError ?? undefined } : { error };
    return firstDifference(expected, answer);
  });
}

function decode({ format, input }: DecodingLine): { error?: string; decoded?: unknown; strictError?: string | undefined } {
  try {
    const { object, strictError } = format === "json" ? decodeStrictly(input) : fromYaml(input);
    return { decoded: object, strictError };
  } catch (error) {
    if (error instanceof DecodeError) return { error: error.message };
    throw error;
  }
}

function fromYaml(input: string): ReturnType<typeof decodeStrictly> {
  const document = parseDocument(input, { version: "1.1", merge: true, stringKeys: false });
  if (document.errors.length > 0) throw new DecodeError(document.errors[0]!.message);
  const value: unknown = document.toJS();
  return decodeValueStrictly(value, [], JSON.stringify(value));
}
