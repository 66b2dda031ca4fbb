import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type CaseResult, Recordings } from "./conformance/area.ts";
import { machinery } from "./conformance/machinery.ts";

const recordings = new Recordings(join(import.meta.dirname, "conformance/machinery"));
const groups = new Map<string, CaseResult[]>();
for (const result of machinery.replay(recordings)) {
  groups.set(result.group, [...(groups.get(result.group) ?? []), result]);
}

describe("the recorded rules of API machinery", () => {
  it.each([...groups.keys()])("%s answers as the real code did", (group) => {
    const differences = groups.get(group)!.filter(({ difference }) => difference !== undefined);
    expect(differences).toEqual([]);
  });
});
