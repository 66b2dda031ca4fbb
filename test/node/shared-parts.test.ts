import { describe, expect, it } from "vitest";
import type { PodCondition } from "../../src/model/index.ts";
import { SharedParts } from "../../src/node/shared-parts.ts";

const condition = (fields: Partial<PodCondition> = {}): PodCondition =>
  ({
    ...{ type: "Ready", status: "True", lastTransitionTime: "2026-01-05T00:00:01Z", observedGeneration: 1 },
    ...fields,
  }) as PodCondition;

describe("parts of statuses that many pods share", () => {
  it("are one object while they are said in one second", () => {
    const shared = new SharedParts();
    const first = shared.condition(condition());
    expect(shared.condition(condition())).toBe(first);
    expect(shared.running("2026-01-05T00:00:01Z")).toBe(shared.running("2026-01-05T00:00:01Z"));
  });

  it.each([
    { fields: { status: "False" as const }, because: "another status" },
    { fields: { message: "containers with unready status: [c]" }, because: "another message" },
    { fields: { observedGeneration: 2 }, because: "another generation" },
    { fields: { lastTransitionTime: "2026-01-05T00:00:02Z" as PodCondition["lastTransitionTime"] }, because: "later" },
    {
      fields: { lastTransitionTime: "2026-01-05T00:00:00Z" as PodCondition["lastTransitionTime"] },
      because: "earlier",
    },
  ])("keep what is said of each pod: $because", ({ fields }) => {
    const shared = new SharedParts();
    shared.condition(condition());
    expect(shared.condition(condition(fields as Partial<PodCondition>))).toEqual(
      condition(fields as Partial<PodCondition>),
    );
  });
});
