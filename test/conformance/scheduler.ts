import type { Area } from "./area.ts";
import { type ConfigurationCase, replayConfiguration } from "./scheduler-configurations.ts";
import { replayDecision } from "./scheduler-decisions.ts";
import { type HintsCase, replayHints } from "./scheduler-hints.ts";
import { replaySampling, type Sampling } from "./scheduler-sampling.ts";
import { replaySequence, type SequenceCase } from "./scheduler-sequences.ts";
import { replayTimeline, type TimelineCase } from "./scheduler-timelines.ts";

const sequences = ["random", "replicas", "manifests", "openb"].map((name) => `sequences-${name}.jsonl`);

export const scheduler: Area = {
  name: "scheduler",
  *replay(recordings) {
    for (const file of ["decisions.jsonl", "decisions-random.jsonl"]) {
      for (const recorded of recordings.lines<Parameters<typeof replayDecision>[0]>(file)) yield replayDecision(recorded);
    }
    for (const file of sequences) {
      for (const recorded of recordings.lines<SequenceCase>(file)) yield* replaySequence(recorded);
    }
    for (const recorded of recordings.lines<ConfigurationCase>("configurations.jsonl")) yield replayConfiguration(recorded);
    for (const recorded of recordings.lines<HintsCase>("queueing-hints.jsonl")) yield* replayHints(recorded);
    for (const recorded of recordings.lines<TimelineCase>("timelines.jsonl")) yield replayTimeline(recorded);
    if (recordings.has("sampling.json")) yield* replaySampling(recordings.json<Sampling>("sampling.json"));
  },
};
