import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { type Complaint, ScenarioError, shown } from "./complaint.ts";
import { Resolver } from "./resolver.ts";
import type { Scenario } from "./scenario.ts";
import { scenarioSchema } from "./scenario-schema.ts";
import { complaintsOf } from "./schema-complaints.ts";
import { readYaml } from "./yaml-file.ts";

/**
 * Reads a scenario: a file, or a folder with a `scenario.yaml`. Everything wrong with it, its manifests and its curves is
 * thrown at once as a `ScenarioError`.
 */
export function readScenario(path: string): Scenario {
  const file = existsSync(path) && statSync(path).isDirectory() ? join(path, "scenario.yaml") : path;
  if (!existsSync(file))
    throw new ScenarioError([wholeFile(path, "MISSING_FILE", "a scenario that exists", shown(path))]);
  return parseScenario(readFileSync(file, "utf8"), dirname(file), basename(file));
}

/** `folder` is where the scenario's files are looked for; `name` is how complaints call the text itself. */
export function parseScenario(text: string, folder: string, name = "scenario.yaml"): Scenario {
  const { documents, complaints } = readYaml(name, text, "scenario");
  if (complaints.length > 0) throw new ScenarioError(complaints);
  const [document, second] = documents;
  if (document === undefined) throw new ScenarioError([wholeFile(name, "EMPTY_FILE", "a scenario", "an empty file")]);
  if (second !== undefined) {
    const at = second.locate([]);
    throw new ScenarioError([{ code: "TOO_MANY", at, path: "", expected: "one document", found: "another one" }]);
  }
  const { kind } = (document.value ?? {}) as { kind?: unknown };
  if (kind !== undefined && kind !== "Scenario") {
    const at = document.locate(["kind"]);
    throw new ScenarioError([{ code: "WRONG_KIND", at, path: "kind", expected: '"Scenario"', found: shown(kind) }]);
  }
  const parsed = scenarioSchema.safeParse(document.value);
  if (!parsed.success) throw new ScenarioError(complaintsOf(parsed.error, document));
  return new Resolver(parsed.data, document, folder).resolve();
}

function wholeFile(file: string, code: string, expected: string, found: string): Complaint {
  return { code, at: { file, line: 1, column: 1 }, path: "", expected, found };
}
