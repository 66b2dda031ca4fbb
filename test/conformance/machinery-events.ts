import { type CorrelatedEvent, EventCorrelator, type ReportedEvent } from "../../src/model/index.ts";
import { type CaseResult, firstDifference, type Recordings } from "./area.ts";
import { type RecordedLine, replayLines } from "./machinery-replay.ts";

interface EventStep extends ReportedEvent {
  readonly skip: boolean;
  readonly result?: CorrelatedEvent;
}

interface EventLine extends RecordedLine {
  readonly steps: readonly EventStep[];
}

export function events(recordings: Recordings): Iterable<CaseResult> {
  return replayLines<EventLine>(recordings, "events", ({ steps }) => {
    const correlator = new EventCorrelator();
    for (const [index, { skip, result, ...event }] of steps.entries()) {
      const written = correlator.correlate(event);
      const answer = { skip: written === undefined, ...(written && { result: written }) };
      const difference = firstDifference({ skip, ...(result && { result }) }, answer, `step ${index}`);
      if (difference !== undefined) return difference;
    }
    return undefined;
  });
}
