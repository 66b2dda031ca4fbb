import { describe, expect, it } from "vitest";
import type { Pod } from "../../src/model/index.ts";
import { inOrderOfAnswer, isMet, type Threshold, thresholdAmount } from "../../src/node/eviction-signals.ts";
import { victimsFor } from "../../src/node/preemption.ts";

const threshold = (fields: Partial<Threshold>): Threshold => ({
  ...{ signal: "memory.available", hard: true, graceUs: 0, minReclaim: undefined },
  ...fields,
});

describe("eviction thresholds", () => {
  it.each([
    { capacity: 107_374_182_400, percentage: 0.15, amount: 16_106_128_000 },
    { capacity: 32_768, percentage: 0.1, amount: 3276 },
  ])("take $percentage of $capacity as a 32-bit float: $amount", ({ capacity, percentage, amount }) => {
    expect(thresholdAmount({ signal: "nodefs.available", percentage }, capacity)).toBe(amount);
  });

  it("are over only above the minimum reclaim once they were met", () => {
    const own = threshold({ quantity: "100Mi", minReclaim: "500Mi" });
    const left = new Map([["memory.available", { capacity: 2 ** 33, available: 300 * 2 ** 20 }]]);
    expect([isMet(own, left, false), isMet(own, left, true)]).toEqual([false, true]);
  });

  it("are answered memory first, and a soft one of memory before the hard one", () => {
    const [disk, hard, soft] = [
      threshold({ signal: "nodefs.available" }),
      threshold({}),
      threshold({ hard: false, quantity: "500Mi" }),
    ];
    expect(inOrderOfAnswer([disk, hard, soft])).toEqual([soft, hard, disk]);
  });
});

describe("room for a critical pod", () => {
  const pod = (name: string, requests: Record<string, string>, limits?: Record<string, string>, priority = 0): Pod =>
    ({
      metadata: { name },
      spec: { priority, containers: [{ name: "c", resources: { requests, ...(limits && { limits }) } }] },
    }) as unknown as Pod;
  const critical = pod("critical", { cpu: "1500m" }, undefined, 2_000_000_000);
  const small = pod("small", { cpu: "1" });
  const large = pod("large", { cpu: "2" });
  const guaranteed = pod("guaranteed", { cpu: "1", memory: "1Gi" }, { cpu: "1", memory: "1Gi" });

  it("is made by the pod that comes nearest to what is missing, the better class last", () => {
    const answer = victimsFor(critical, [small, large, guaranteed], [{ resource: "cpu", missing: 1500 }]);
    expect("victims" in answer && answer.victims.map(({ metadata }) => metadata.name)).toEqual(["large"]);
  });

  it("is not made by other critical pods", () => {
    const peer = pod("peer", { cpu: "2" }, undefined, 2_000_000_000);
    expect(victimsFor(critical, [peer], [{ resource: "cpu", missing: 500 }])).toEqual({
      error: "no set of running pods found to reclaim resources: [(res: cpu, q: 500), ]",
    });
  });
});
