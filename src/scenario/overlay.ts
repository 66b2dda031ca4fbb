import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { parse, stringify } from "yaml";
import { applyMergePatch } from "../model/index.ts";
import { parseScenario } from "./read-scenario.ts";
import type { Scenario } from "./scenario.ts";

/** A scenario with a part of it replaced: an overlay is a JSON merge patch of the scenario's document, written as YAML. */
export function readOverlaid(scenarioPath: string, overlayPath: string): Scenario {
  const file = /\.ya?ml$/.test(scenarioPath) ? scenarioPath : join(scenarioPath, "scenario.yaml");
  const base: unknown = parse(readFileSync(file, "utf8"));
  const overlay: unknown = parse(readFileSync(overlayPath, "utf8"));
  const merged = stringify(applyMergePatch(base, overlay));
  return parseScenario(merged, dirname(file), `${basename(file)} with ${basename(overlayPath)}`);
}

/** The scenario's document with other faults: how `explore` writes down what it found. */
export function withFaults(
  scenarioPath: string,
  faults: readonly object[],
  deliveryJitter: string,
  duration: string,
): string {
  const file = /\.ya?ml$/.test(scenarioPath) ? scenarioPath : join(scenarioPath, "scenario.yaml");
  const base: unknown = parse(readFileSync(file, "utf8"));
  return stringify(applyMergePatch(base, { spec: { faults, deliveryJitter, duration, expect: null } }));
}
