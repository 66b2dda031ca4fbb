import { describe, expect, it } from "vitest";
import type { ObjectKey } from "../../src/model/index.ts";
import { type CallEdge, planProblems, type TrafficPlan } from "../../src/traffic/index.ts";
import { second } from "./stage.ts";

const plan: TrafficPlan = {
  flows: [
    {
      name: "users",
      to: "default/web" as ObjectKey,
      curve: { kind: "constant", perSecond: 1 },
      timeoutUs: second,
      retries: 0,
    },
  ],
  externals: [{ name: "db", latency: { medianUs: 1000 }, connections: 1 }],
  calls: { timeoutUs: second, retries: 0 },
};

const calls = (from: string, to: string): CallEdge => ({ from, call: { to: { service: to }, perRequest: 1 } });

describe("planProblems", () => {
  it.each<[string, Partial<TrafficPlan>, string[]]>([
    ["nothing in a good plan", {}, []],
    ["a name used twice", { flows: [...plan.flows, ...plan.flows] }, ["flows[1].name"]],
    [
      "a flow with a bad curve, time-out, retries and backoff",
      {
        flows: [
          {
            ...plan.flows[0]!,
            curve: { kind: "constant", perSecond: -1 },
            timeoutUs: 0,
            retries: 0.5,
            backoffUs: -1,
          },
        ],
      },
      ["flows[0].curve", "flows[0].timeoutUs", "flows[0].retries", "flows[0].backoffUs"],
    ],
    ["calls without a time-out", { calls: { timeoutUs: 0, retries: 0 } }, ["calls.timeoutUs"]],
    [
      "an external without connections, twice",
      { externals: [0, 1].map(() => ({ ...plan.externals[0]!, connections: 0 })) },
      ["externals[0].connections", "externals[1].name", "externals[1].connections"],
    ],
  ])("finds %s", (_name, change, places) => {
    expect(planProblems({ ...plan, ...change }).map(({ at }) => at)).toEqual(places);
  });

  it("finds each circle of calls once, and names who is on it", () => {
    const edges = [calls("a", "b"), calls("b", "c"), calls("c", "b"), calls("c", "d"), calls("d", "d")];
    expect(planProblems(plan, edges).map(({ problem }) => problem)).toEqual([
      "services call each other in a circle: b → c → b",
      "services call each other in a circle: d → d",
    ]);
  });

  it("finds no circle in a diamond", () => {
    expect(planProblems(plan, [calls("a", "b"), calls("a", "c"), calls("b", "d"), calls("c", "d")])).toEqual([]);
  });

  it("finds calls to externals that nobody declared, and negative ones", () => {
    const edges: CallEdge[] = [
      { from: "a", call: { to: { external: "db" }, perRequest: -1 } },
      { from: "a", call: { to: { external: "mail" }, perRequest: 1 } },
    ];
    expect(planProblems(plan, edges)).toHaveLength(2);
  });
});
