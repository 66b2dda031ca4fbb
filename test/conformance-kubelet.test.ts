import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type CaseResult, Recordings } from "./conformance/area.ts";
import { kubelet } from "./conformance/kubelet.ts";

/** Recorded cases per group, and how many of them come out line for line. The second number only ever grows. */
const groups = [
  { group: "start", recorded: 47, floor: 47 },
  { group: "crashloop", recorded: 34, floor: 34 },
  { group: "probes", recorded: 87, floor: 87 },
  { group: "termination", recorded: 48, floor: 48 },
  { group: "admission", recorded: 11, floor: 11 },
  { group: "eviction", recorded: 25, floor: 25 },
  { group: "node", recorded: 8, floor: 8 },
  { group: "resize", recorded: 4, floor: 4 },
];

describe("timelines of the real kubelet", () => {
  const results: CaseResult[] = [...kubelet.replay(new Recordings(join(import.meta.dirname, "conformance/kubelet")))];

  it.each(groups)("$group: $floor of $recorded cases come out to the millisecond", ({ group, recorded, floor }) => {
    const cases = results.filter((result) => result.group === group);
    expect(cases.length).toBe(recorded);
    expect(cases.filter(({ difference }) => difference === undefined).length).toBeGreaterThanOrEqual(floor);
  });
});
