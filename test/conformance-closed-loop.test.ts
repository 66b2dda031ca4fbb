import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { Recordings } from "./conformance/area.ts";
import { closedLoop } from "./conformance/closed-loop.ts";

const carried = new Recordings(join(dirname(fileURLToPath(import.meta.url)), "conformance", "closed-loop"));

describe("whole clusters under load, recorded on real components", () => {
  it("come out the same, open loop and closed", { timeout: 240_000 }, () => {
    const results = [...closedLoop.replay(carried)];
    const passed = (group: string): number =>
      results.filter((result) => result.group.startsWith(group) && result.difference === undefined).length;
    expect(passed("open loop: syncs")).toBe(1274);
    expect(passed("open loop: calls")).toBe(65);
    expect(passed("closed loop, aligned phases")).toBeGreaterThanOrEqual(80);
  });
});
