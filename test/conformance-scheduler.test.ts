import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { Recordings } from "./conformance/area.ts";
import { scheduler } from "./conformance/scheduler.ts";

const carried = new Recordings(join(dirname(fileURLToPath(import.meta.url)), "conformance", "scheduler"));

describe("kube-scheduler's recorded decisions", () => {
  it("are all taken the same way", () => {
    const results = [...scheduler.replay(carried)];
    expect(results.filter(({ difference }) => difference !== undefined)).toEqual([]);
    expect(results.length).toBeGreaterThan(2800);
  });
});
