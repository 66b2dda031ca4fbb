import { expect, it } from "vitest";
import { readScenario } from "../../src/scenario/index.ts";
import { simulate } from "../../src/simulate.ts";

const stagesOf = (name: string): string[] =>
  simulate(readScenario(`scenarios/${name}`), "1").incidents.flatMap(({ stages }) => stages.map((stage) => stage.name));

it("memory-leak names the leak, the kernel's kill, the wait before a restart and the eviction of a neighbour", () => {
  expect(stagesOf("memory-leak")).toEqual(
    expect.arrayContaining(["leak", "OOMKilled", "restarted", "CrashLoopBackOff", "eviction"]),
  );
});

it("slow-start names the time in which pods are ready but cold, after they are routed", () => {
  const stages = stagesOf("slow-start");
  expect(stages.indexOf("ready but cold")).toBeGreaterThan(stages.indexOf("routed"));
  expect(stages.indexOf("recovered")).toBeGreaterThan(stages.indexOf("ready but cold"));
});

it("flapping tells of every rise, though most of the autoscaler's events fall to the spam filter", () => {
  const { incidents } = simulate(readScenario("scenarios/flapping"), "1");
  expect(incidents.length).toBe(8);
  for (const { title } of incidents) expect(title).toMatch(/^default\/deployment\/web scaled from 3 to 1[78]$/);
});
