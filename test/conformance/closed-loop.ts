import type { Area, CaseResult } from "./area.ts";
import { replayAligned } from "./closed-loop-compare.ts";
import { replayCalls } from "./closed-loop-decisions.ts";
import type { LoopRecording } from "./closed-loop-recording.ts";
import { replaySyncs } from "./closed-loop-syncs.ts";

/** Whole clusters under load; closed-loop/README.md says what was recorded and how it is compared. */
export const closedLoop: Area = {
  name: "closed-loop",
  *replay(recordings) {
    for (const file of recordings.names()) {
      if (!file.endsWith(".json")) continue;
      const recording = recordings.json<LoopRecording>(file);
      if (recording.hpa === undefined) continue;
      yield* replayRun(recording);
    }
  },
};

function* replayRun(recording: LoopRecording): Iterable<CaseResult> {
  yield* replaySyncs(recording);
  yield* replayCalls(recording);
  yield* replayAligned(recording);
}
