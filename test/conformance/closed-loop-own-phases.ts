import { randomStreams } from "../../src/sim/index.ts";
import type { Area, CaseResult } from "./area.ts";
import { callText, desiredOf } from "./closed-loop-compare.ts";
import { recordedCurves, valueAt } from "./closed-loop-measures.ts";
import { ownPhases } from "./closed-loop-phases.ts";
import type { LoopRecording } from "./closed-loop-recording.ts";
import { type LoopCurves, LoopWorld } from "./closed-loop-world.ts";

/** Phases drawn for each recording. */
const draws = 50;
const sampleMs = 1_000;
/** Steps of a curve this close are one instant: the sampling sees either side. */
const slackMs = 2_000;

/**
 * The closed loop as a user would simulate it, with phases of its own: nobody knows the real ones. The recorded sequence
 * of counts and calls is one of those that come out, and the recorded curve of ready replicas lies between the simulated
 * ones. Minutes long, so an area of its own over the recordings of `closed-loop`.
 */
export const closedLoopOwnPhases: Area = {
  name: "closed-loop-own-phases",
  carried: "closed-loop",
  *replay(recordings) {
    for (const file of recordings.names()) {
      if (!file.endsWith(".json")) continue;
      const recording = recordings.json<LoopRecording>(file);
      if (recording.hpa !== undefined) yield* replayDrawn(recording);
    }
  },
};

function* replayDrawn(recording: LoopRecording): Iterable<CaseResult> {
  const { name } = recording;
  const recorded = recordedCurves(recording);
  const random = randomStreams(name)("phases");
  const runs = Array.from({ length: draws }, (_, draw) => {
    return new LoopWorld(recording, ownPhases(recording, random(), random()), draw + 1).run();
  });
  const seen = runs.filter((run) => decisionsOf(run) === decisionsOf(recorded)).length;
  const outside = outsideShare(recording, recorded, runs);
  const known = new Set(runs.map(decisionsOf)).size;
  const figures = `seen in ${seen} of ${draws} (${known} different); outside the simulated curves for ${(outside * 100).toFixed(1)} % of the time`;
  const unseen = seen > 0 ? {} : { difference: `never: ${decisionsOf(recorded)}` };
  yield { group: "closed loop, own phases: decisions", id: name, figures, ...unseen };
  const strays = outside < 0.02 ? {} : { difference: `${(outside * 100).toFixed(1)} % of the time` };
  yield { group: "closed loop, own phases: ready replicas within the envelope", id: name, ...strays };
}

function decisionsOf(curves: LoopCurves): string {
  return [...desiredOf(curves), ...curves.calls.map(callText)].join(", ");
}

/** The share of the time at which the recorded curve lies above or below all simulated ones. */
function outsideShare({ endMs }: LoopRecording, recorded: LoopCurves, runs: readonly LoopCurves[]): number {
  let outside = 0;
  let samples = 0;
  for (const [service, { ready }] of recorded.services) {
    for (let atMs = sampleMs; atMs < endMs; atMs += sampleMs) {
      const near = [atMs - slackMs, atMs, atMs + slackMs];
      const values = runs.flatMap(({ services }) => near.map((each) => valueAt(services.get(service)!.ready, each)));
      const value = valueAt(ready, atMs);
      samples += 1;
      if (value < Math.min(...values) || value > Math.max(...values)) outside += 1;
    }
  }
  return outside / samples;
}
