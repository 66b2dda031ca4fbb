import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { Recordings } from "./conformance/area.ts";
import { timelines } from "./conformance/timelines.ts";

const carried = new Recordings(join(dirname(fileURLToPath(import.meta.url)), "conformance", "timelines"));

describe("timelines of a real control plane", () => {
  it("come out the same, but for four races", { timeout: 120_000 }, () => {
    const results = [...timelines.replay(carried)];
    const different = results.filter(({ difference }) => difference !== undefined);
    expect(different.map(({ group, id }) => `${group}: ${id}`)).toEqual([
      // A patch of the new Node met the bystanding ttl-controller's, and was tried again 180 ms later.
      "daemonset-nodes: delays",
      // The second pass comes five seconds after the first had spoken: 3 ms before the last pods are gone here, 75 ms after there.
      "namespace-deletion: delays",
      // Two victims end within one scheduling cycle or in two.
      "preemption: events",
      // A conflict there swallowed the status that here shows progress half a second earlier.
      "revision-history: delays",
    ]);
    expect(results.length).toBe(199);
  });
});
