import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { Recordings } from "./conformance/area.ts";
import { timelines } from "./conformance/timelines.ts";

const carried = new Recordings(join(dirname(fileURLToPath(import.meta.url)), "conformance", "timelines"));

describe("timelines of a real control plane", () => {
  it("come out the same, but for how often a preemptor is told to wait", { timeout: 120_000 }, () => {
    const results = [...timelines.replay(carried)];
    const different = results.filter(({ difference }) => difference !== undefined);
    // Two victims end within one scheduling cycle or in two: the recording shows one of the races.
    expect(different.map(({ group, id }) => `${group}: ${id}`)).toEqual(["preemption: events"]);
    expect(results.length).toBe(171);
  });
});
