import { Command } from "commander";
import { loadExtensions } from "../experiment/index.ts";
import {
  type ConfigMap,
  isKnownKind,
  type KubeObject,
  keyOf,
  kindInfos,
  objectKey,
  shortHumanDuration,
} from "../model/index.ts";
import { readScenario, ScenarioError } from "../scenario/index.ts";
import { Simulation } from "../simulate.ts";
import { describedFields, type Field, linesOf } from "./described-fields.ts";
import { instantOf } from "./instant.ts";
import { kindNamed } from "./kind-names.ts";
import { plainTable } from "./plain-table.ts";

interface DescribeOptions {
  readonly at?: string;
  readonly seed: string;
  readonly namespace: string;
}

/** One object at an instant, its main fields and its events: the run is made again up to there. */
export function describeCommand(): Command {
  return new Command("describe")
    .description("print an object's main fields and its events at an instant, as kubectl does")
    .argument("<what...>", "[scenario] KIND NAME (default: the scenario of the folder one stands in)")
    .option("--at <instant>", 'a clock time such as "09:41:30", or a duration after the start (default: the end)')
    .option("--seed <seed>", "luck of the run", "1")
    .option("-n, --namespace <namespace>", "the object's namespace", "default")
    .action(async (words: string[], options: DescribeOptions) => {
      const [name, kindWord, path = "."] = words.toReversed();
      if (name === undefined || kindWord === undefined || words.length > 3)
        throw refused("BAD_ARGUMENTS", "[scenario] KIND NAME", words.join(" "));
      const scenario = readScenario(path);
      const simulation = new Simulation(scenario, options.seed, { extensions: await loadExtensions(scenario) });
      simulation.runUntil(instantOf(options.at, scenario));
      const kind = kindNamed(kindWord);
      const namespaced = !isKnownKind(kind) || kindInfos[kind].namespaced;
      const object = simulation.api.store.get(kind, objectKey(namespaced ? options.namespace : undefined, name));
      if (object === undefined) {
        const there = [...simulation.api.store.list(kind)].map(({ metadata }) => metadata.name);
        throw refused("NO_SUCH_OBJECT", there.length === 0 ? `no ${kind} at all` : there.slice(0, 10).join(", "), name);
      }
      process.stdout.write(description(object, simulation));
    });
}

function description(object: KubeObject, simulation: Simulation): string {
  const { name, namespace, labels, annotations } = object.metadata;
  const fields: Field[] = [
    ["Name", name],
    ["Namespace", namespace],
    ["Labels", pairs(labels)],
    ["Annotations", pairs(annotations)],
    ...describedFields(object, simulation.api.store),
  ];
  return `${linesOf(fields)}${dataText(object)}${conditionsText(object)}${eventsText(object, simulation)}`;
}

function pairs(map: Readonly<Record<string, string>> | undefined): string {
  const entries = Object.entries(map ?? {}).map(([key, value]) => `${key}=${value}`);
  return entries.length === 0 ? "<none>" : entries.sort().join("\n");
}

/** A ConfigMap's entries, as kubectl sets them out. */
function dataText(object: KubeObject): string {
  if (object.kind !== "ConfigMap") return "";
  const entries = Object.entries((object as ConfigMap).data ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return `\nData\n====\n${entries.map(([name, text]) => `${name}:\n----\n${text}\n\n`).join("")}`;
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

function conditionsText(object: KubeObject): string {
  const { conditions = [] } = ((object as KubeObject & { status?: object }).status ?? {}) as {
    readonly conditions?: readonly Condition[];
  };
  if (conditions.length === 0) return "";
  const lines = conditions.map(({ type, status, reason = "", message = "" }) => [type, status, reason, message]);
  return `Conditions:\n${indented(plainTable(["Type", "Status", "Reason", "Message"], lines))}`;
}

/** Newest last, with what repeated: `12s (x5 over 3m)`. The API keeps events for an hour. */
function eventsText({ kind, metadata }: KubeObject, { api, nowUs }: Simulation): string {
  const key = keyOf({ metadata });
  const events = [...api.events.all(nowUs - 3_600_000_000)].filter(
    (event) => event.kind === kind && event.key === key && event.uid === metadata.uid,
  );
  if (events.length === 0) return "Events:  <none>\n";
  const age = (sinceUs: number): string => shortHumanDuration(Math.floor((nowUs - sinceUs) / 1_000));
  const lines = events
    .sort((a, b) => a.lastUs - b.lastUs)
    .map(({ type, reason, count, firstUs, lastUs, source, message }) => {
      const ages = count === 1 ? age(lastUs) : `${age(lastUs)} (x${count} over ${age(firstUs)})`;
      return [type, reason, ages, source, message];
    });
  return `Events:\n${indented(plainTable(["Type", "Reason", "Age", "From", "Message"], lines))}`;
}

function indented(text: string): string {
  return text.replace(/^(?=.)/gm, "  ");
}

function refused(code: string, expected: string, found: string): ScenarioError {
  return new ScenarioError([{ code, at: { file: "describe", line: 1, column: 1 }, path: "", expected, found }]);
}
