import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  emptyHistory,
  type History,
  rememberScaling,
} from "../../../src/controllers/horizontal-pod-autoscaler/history.ts";
import {
  type Behavior,
  normalize,
  normalizeWithBehavior,
} from "../../../src/controllers/horizontal-pod-autoscaler/normalize.ts";
import type { HPAScalingRules } from "../../../src/model/index.ts";

const second = 1_000_000;
const bounds = { min: 1, max: 100 };
const remembering = (...entries: readonly (readonly [atSeconds: number, replicas: number])[]): History => ({
  ...emptyHistory(),
  recommendations: entries.map(([at, replicas]) => ({ atUs: at * second, replicas })),
});
const up = (rules: HPAScalingRules = {}): HPAScalingRules => ({
  selectPolicy: "Max",
  policies: [
    { type: "Pods", value: 4, periodSeconds: 15 },
    { type: "Percent", value: 100, periodSeconds: 15 },
  ],
  ...rules,
});
const down = (rules: HPAScalingRules = {}): HPAScalingRules => ({
  selectPolicy: "Max",
  policies: [{ type: "Percent", value: 100, periodSeconds: 15 }],
  ...rules,
});
const behavior = (over: Partial<Behavior> = {}): Behavior => ({
  up: up(),
  down: down(),
  upWindowUs: 0,
  downWindowUs: 300 * second,
  ...over,
});

describe("without a behavior", () => {
  it.each([
    { current: 1, proposal: 40, wanted: 4, reason: "ScaleUpLimit", because: "four at least may be there" },
    { current: 10, proposal: 40, wanted: 20, reason: "ScaleUpLimit", because: "a sync doubles at most" },
    { current: 60, proposal: 400, wanted: 100, reason: "TooManyReplicas", because: "the maximum comes first" },
    { current: 10, proposal: 0, wanted: 1, reason: "TooFewReplicas", because: "the minimum holds" },
    { current: 10, proposal: 7, wanted: 7, reason: "DesiredWithinRange", because: "nothing speaks against it" },
  ])("$proposal of $current become $wanted: $because", ({ current, proposal, wanted, reason }) => {
    const answer = normalize(proposal, { ...bounds, current }, 300 * second, emptyHistory(), 1000 * second);
    expect(answer.replicas).toBe(wanted);
    expect(answer.limited.reason).toBe(reason);
  });

  it("counts a recommendation at the very edge of the window", () => {
    const { replicas, able } = normalize(
      2,
      { ...bounds, current: 8 },
      300 * second,
      remembering([700, 8]),
      1000 * second,
    );
    expect(replicas).toBe(8);
    expect(able.reason).toBe("ScaleDownStabilized");
  });

  it("puts a new recommendation into the place of the last one that is too old", () => {
    const history = remembering([100, 9], [200, 8], [900, 3]);
    normalize(3, { ...bounds, current: 3 }, 300 * second, history, 1000 * second);
    expect(history.recommendations.map(({ replicas }) => replicas)).toEqual([9, 3, 3]);
  });
});

describe("with a behavior", () => {
  it("forgets a recommendation at the very edge of the window", () => {
    const history = remembering([700, 8]);
    const { replicas } = normalizeWithBehavior(2, { ...bounds, current: 8 }, behavior(), history, 1000 * second);
    expect(replicas).toBe(2);
  });

  it.each([
    { current: 110, rules: up({ policies: [{ type: "Percent", value: 10, periodSeconds: 60 }] }), wanted: 122 },
    { current: 2, rules: up(), wanted: 6 },
    { current: 10, rules: up(), wanted: 20 },
    { current: 10, rules: up({ selectPolicy: "Min" }), wanted: 14 },
    { current: 10, rules: up({ selectPolicy: "Disabled" }), wanted: 10 },
  ])("lets $current grow to $wanted", ({ current, rules, wanted }) => {
    const wide = { min: 1, max: 1000, current };
    const answer = normalizeWithBehavior(900, wide, behavior({ up: rules }), emptyHistory(), 0);
    expect(answer.replicas).toBe(wanted);
  });

  it.each([
    { current: 70, rules: down({ policies: [{ type: "Percent", value: 90, periodSeconds: 60 }] }), wanted: 6 },
    { current: 70, rules: down({ policies: [{ type: "Pods", value: 5, periodSeconds: 60 }] }), wanted: 65 },
    { current: 70, rules: down({ selectPolicy: "Disabled" }), wanted: 70 },
  ])("lets $current shrink to $wanted", ({ current, rules, wanted }) => {
    const answer = normalizeWithBehavior(1, { ...bounds, current }, behavior({ down: rules }), emptyHistory(), 0);
    expect(answer.replicas).toBe(wanted);
  });

  it("counts what it added within the period, and not at its edge", () => {
    const rules = up({ policies: [{ type: "Pods", value: 4, periodSeconds: 60 }] });
    const history = emptyHistory();
    rememberScaling(history, { up: rules, down: down() }, 6, 9, 0);
    const wanted = (atSeconds: number): number =>
      normalizeWithBehavior(50, { ...bounds, current: 9 }, behavior({ up: rules }), history, atSeconds * second)
        .replicas;
    expect(wanted(59)).toBe(10);
    expect(wanted(60)).toBe(13);
  });

  it("never leaves the bounds where it moves, whatever happened before", () => {
    const entry = fc.tuple(fc.integer({ min: 0, max: 1000 }), fc.integer({ min: 0, max: 200 }));
    const count = fc.integer({ min: 1, max: 100 });
    fc.assert(
      fc.property(fc.array(entry), count, fc.integer({ min: 0, max: 500 }), (entries, current, proposal) => {
        const history = remembering(...entries);
        const answer = normalizeWithBehavior(proposal, { ...bounds, current }, behavior(), history, 1000 * second);
        expect(answer.replicas).toBeGreaterThanOrEqual(1);
        expect(answer.replicas).toBeLessThanOrEqual(100);
        expect(answer.limited.isLimited).toBe(answer.limited.reason !== "DesiredWithinRange");
      }),
    );
  });
});
