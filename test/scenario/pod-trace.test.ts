import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Pod } from "../../src/model/index.ts";
import { readScenario, type Scenario } from "../../src/scenario/index.ts";
import { Simulation } from "../../src/simulate.ts";

const second = 1_000_000;

function scenarioWith(trace: string): Scenario {
  const folder = mkdtempSync(join(tmpdir(), "seatrial-trace-"));
  writeFileSync(join(folder, "pods.ndjson"), trace);
  writeFileSync(
    join(folder, "scenario.yaml"),
    `apiVersion: seatrial.io/v1alpha1
kind: Scenario
metadata: { name: traced }
spec:
  question: Who comes when?
  duration: 10m
  cluster:
    nodePools:
      - { name: n, machine: { cpu: 4, memory: 8Gi, resources: { example.com/gpu: 2 } }, min: 1 }
  podTrace: pods.ndjson
`,
  );
  return readScenario(folder);
}

const gpus = { "example.com/gpu": "2" };
const line = (name: string, at: number, run: number): string =>
  JSON.stringify({
    at,
    run,
    name,
    spec: { restartPolicy: "Never", containers: [{ name: "c", image: "x:1", resources: { limits: gpus } }] },
  });

describe("a trace of pods", () => {
  it("brings each at its instant, to run as long as it says, on machines with extended resources", () => {
    const scenario = scenarioWith(`${line("late", 100, 60)}\n${line("early", 20, 200)}\n`);
    const simulation = new Simulation(scenario, "1");
    const phases = (atSeconds: number): Record<string, string> => {
      simulation.runUntil(scenario.warmUpUs + atSeconds * second);
      const pods = [...simulation.api.store.list("Pod")] as unknown as Pod[];
      return Object.fromEntries(pods.map(({ metadata, status }) => [metadata.name, status.phase ?? ""]));
    };
    expect(phases(19)).toEqual({});
    expect(phases(90)).toEqual({ early: "Running" });
    expect(phases(120)).toEqual({ early: "Running", late: "Pending" }); // Both GPUs are taken.
    expect(phases(250)).toEqual({ early: "Succeeded", late: "Running" });
    expect(phases(400)).toEqual({ early: "Succeeded", late: "Succeeded" });
  });

  it("is refused with its line where it is wrong", () => {
    const bad = (): Scenario => scenarioWith(`${line("p", 1, 1)}\n{"at":-1,"run":1,"name":"q"}\nnonsense\n`);
    expect(bad).toThrow(/pods\.ndjson:2:1: .*BAD_TRACE[\s\S]*pods\.ndjson:3:1: /);
  });
});
