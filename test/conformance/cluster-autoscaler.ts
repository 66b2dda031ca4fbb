import type { Area } from "./area.ts";
import {
  checkDrainability,
  checkEstimate,
  checkExpanders,
  checkUtilization,
  type DrainabilityCase,
  type EstimatorCase,
  type ExpanderCase,
  type UtilizationCase,
} from "./cluster-autoscaler-rules.ts";
import { checkFrequentRuns, checkRuns, type RunsCase } from "./cluster-autoscaler-runs.ts";
import type { CaseResult, Recordings } from "./area.ts";

export const clusterAutoscaler: Area = {
  name: "cluster-autoscaler",
  *replay(recordings) {
    yield* replayNamed<ExpanderCase>(recordings, "expanders", checkExpanders);
    yield* replayNamed<UtilizationCase>(recordings, "utilization", checkUtilization);
    yield* replayNamed<DrainabilityCase>(recordings, "drainability", checkDrainability);
    yield* replayNamed<EstimatorCase>(recordings, "estimator", checkEstimate);
    yield* replayNamed<RunsCase>(recordings, "scale-up", (recorded) => checkRuns(recorded, true, "status"));
    yield* replayNamed<RunsCase>(recordings, "scale-down", (recorded) => checkRuns(recorded, true, "none"));
    yield* replayNamed<RunsCase>(recordings, "series", (recorded) => checkRuns(recorded, false, "all"));
    yield* replayNamed<RunsCase>(recordings, "series2", checkFrequentRuns);
  },
};

/** Cases carry their name beside or inside their input. What a check throws is a difference too. */
function* replayNamed<Case>(
  recordings: Recordings,
  group: string,
  check: (recorded: Case) => string | undefined,
): Generator<CaseResult> {
  for (const recorded of recordings.lines<Case>(`${group}.jsonl`)) {
    const { name, input } = recorded as { readonly name?: string; readonly input: { readonly name?: string } };
    const id = name ?? input.name ?? "";
    let difference: string | undefined;
    try {
      difference = check(recorded);
    } catch (error) {
      difference = `threw ${(error as Error).stack?.split("\n").slice(0, 4).join(" | ")}`;
    }
    yield difference === undefined ? { group, id } : { group, id, difference };
  }
}
