import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { Recordings } from "./conformance/area.ts";
import { closedLoop } from "./conformance/closed-loop.ts";

const carried = new Recordings(join(dirname(fileURLToPath(import.meta.url)), "conformance", "closed-loop"));

describe("whole clusters under load, recorded on real components", () => {
  it("decides as recorded at every sync of an autoscaler, given what it read", { timeout: 120_000 }, () => {
    const results = [...closedLoop.replay(carried)];
    expect(results.filter(({ difference }) => difference !== undefined)).toEqual([]);
    expect(results.length).toBe(1274);
  });
});
