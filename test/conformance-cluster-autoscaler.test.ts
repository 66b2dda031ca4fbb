import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { Recordings } from "./conformance/area.ts";
import { clusterAutoscaler } from "./conformance/cluster-autoscaler.ts";

const carried = new Recordings(join(dirname(fileURLToPath(import.meta.url)), "conformance", "cluster-autoscaler"));

describe("cluster-autoscaler's recorded decisions", () => {
  it("are all taken the same way", () => {
    const results = [...clusterAutoscaler.replay(carried)];
    expect(results.filter(({ difference }) => difference !== undefined)).toEqual([]);
    expect(results.length).toBe(439);
  });
});
