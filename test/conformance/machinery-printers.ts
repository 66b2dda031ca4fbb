import { type JsonObject, parseTime, printRow } from "../../src/model/index.ts";
import { type CaseResult, firstDifference, type Recordings } from "./area.ts";
import { withoutNulls } from "./machinery-defaulting.ts";
import { type RecordedLine, replayLines } from "./machinery-replay.ts";

interface PrinterLine extends RecordedLine {
  readonly object: JsonObject;
  readonly now: string;
  readonly cells: unknown;
}

export function printers(recordings: Recordings): Iterable<CaseResult> {
  return replayLines<PrinterLine>(recordings, "printers", ({ object, now, cells }) =>
    firstDifference(cells, printRow(withoutNulls(object) as JsonObject, parseTime(now)!.seconds)),
  );
}
