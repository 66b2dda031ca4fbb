import type { Area } from "./area.ts";
import { replayDecision } from "./scheduler-decisions.ts";

export const scheduler: Area = {
  name: "scheduler",
  *replay(recordings) {
    for (const file of ["decisions.jsonl", "decisions-random.jsonl"]) {
      for (const recorded of recordings.lines<Parameters<typeof replayDecision>[0]>(file)) yield replayDecision(recorded);
    }
  },
};
