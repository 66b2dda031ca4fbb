import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type CaseResult, Recordings } from "./conformance/area.ts";
import { hpa } from "./conformance/hpa.ts";

const recordings = new Recordings(join(import.meta.dirname, "conformance/hpa"));
const groups = new Map<string, CaseResult[]>();
for (const result of hpa.replay(recordings)) {
  groups.set(result.group, [...(groups.get(result.group) ?? []), result]);
}

describe("the recorded decisions of the horizontal pod autoscaler and of metrics-server", () => {
  it.each([...groups.keys()])("%s comes out as the real code had it", (group) => {
    expect(groups.get(group)!.filter(({ difference }) => difference !== undefined)).toEqual([]);
  });
});
