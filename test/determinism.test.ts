import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { parseScenario, readScenario } from "../src/scenario/index.ts";
import { Simulation, simulate } from "../src/simulate.ts";
import { built } from "./build.ts";

const root = resolve(import.meta.dirname, "..");
const scenario = readScenario(join(root, "scenarios/market-open"));

describe("a run is a pure function of scenario and seed", () => {
  it("gives equal results twice in one process, though another run goes on beside it", () => {
    const alone = simulate(scenario, "1");
    const beside = new Simulation(scenario, "2");
    beside.step(1000);
    const again = simulate(scenario, "1");
    beside.step(1000);
    expect(JSON.stringify(again)).toBe(JSON.stringify(alone));
  });

  it("does not care how it is sliced", () => {
    const sliced = new Simulation(scenario, "1");
    while (sliced.step(137) === "more");
    expect(sliced.result().digest).toBe(simulate(scenario, "1").digest);
  });

  it("meets other luck under another seed", () => {
    expect(simulate(scenario, "1").digest).not.toBe(simulate(scenario, "2").digest);
  });

  it("does not care for time zone, language or environment", { timeout: 120_000 }, () => {
    const script = `
      import { readScenario } from "./src/scenario/index.js";
      import { simulate } from "./src/simulate.js";
      process.stdout.write(simulate(readScenario(${JSON.stringify(join(root, "scenarios/market-open"))}), "1").digest);`;
    const digest = (environment: Record<string, string>): string =>
      execFileSync(process.execPath, ["--input-type=module", "-e", script], {
        cwd: built,
        env: { ...process.env, ...environment },
        encoding: "utf8",
      });
    const wanted = simulate(scenario, "1").digest;
    expect(digest({ TZ: "Asia/Kathmandu", LANG: "tr_TR.UTF-8", LC_ALL: "tr_TR.UTF-8" })).toBe(wanted);
    expect(digest({ TZ: "America/St_Johns", LANG: "C" })).toBe(wanted);
  });
});

it("draws what belongs to a thing from a stream named after it: a bystander changes nobody's luck", () => {
  const text = readFileSync(join(root, "scenarios/market-open/scenario.yaml"), "utf8");
  const bystander = text.replace(
    "  faults:\n",
    '  faults:\n    - { at: "10:29", kind: pod-kill, where: { workload: deployment/risk } }\n',
  );
  const changed = parseScenario(bystander, join(root, "scenarios/market-open"));
  const before = simulate(scenario, "1").incidents.map(({ stages }) => stages);
  const after = simulate(changed, "1")
    .incidents.filter(({ title }) => !title.startsWith("pod-kill"))
    .map(({ stages }) => stages);
  expect(after).toEqual(before);
});
