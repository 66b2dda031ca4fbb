import type { Area, CaseResult } from "./area.ts";
import { differenceOfLines } from "./kubelet-compare.ts";
import { KubeletRun } from "./kubelet-run.ts";
import type { KubeletCase } from "./kubelet-case.ts";

const groups = ["start", "crashloop", "probes", "termination", "admission", "eviction", "node", "resize"];

/** Whole timelines of the real kubelet; test/conformance/kubelet/README.md describes them. */
export const kubelet: Area = {
  name: "kubelet",
  *replay(recordings) {
    for (const group of groups) {
      for (const recorded of recordings.lines<KubeletCase>(`${group}.jsonl`)) yield replayed(recorded);
    }
  },
};

function replayed(recorded: KubeletCase): CaseResult {
  const { group, id } = recorded;
  const run = new KubeletRun(recorded);
  if (run.unknown !== undefined) return { group, id, difference: `cannot do ${run.unknown}` };
  const difference = differenceOfLines(recorded, run.lines());
  return difference === undefined ? { group, id } : { group, id, difference };
}
