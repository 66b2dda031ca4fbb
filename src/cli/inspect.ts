import { Command } from "commander";
import { loadExtensions } from "../experiment/index.ts";
import { readScenario } from "../scenario/index.ts";
import { Simulation } from "../simulate.ts";
import { instantOf } from "./instant.ts";
import { kindNamed } from "./kind-names.ts";
import { objectsTable } from "./objects-table.ts";
import { plainTable } from "./plain-table.ts";

interface InspectOptions {
  readonly at?: string;
  readonly seed: string;
  readonly namespace?: string;
  readonly json?: boolean;
  readonly wide?: boolean;
}

/** Objects at an instant: the run is made again up to there, since the seed is the snapshot. */
export function inspectCommand(): Command {
  return new Command("inspect")
    .description("print objects at an instant, with kubectl's columns")
    .argument("<scenario>")
    .argument("[kind]", "pods, nodes, deployments, hpa, events, …", "pods")
    .option("--at <instant>", 'a clock time such as "09:41:30", or a duration after the start (default: the end)')
    .option("--seed <seed>", "luck of the run", "1")
    .option("-n, --namespace <namespace>", "only this namespace")
    .option("--wide", "all columns")
    .option("--json", "objects as JSON on stdout and nothing else")
    .action(async (path: string, kind: string, options: InspectOptions) => {
      const scenario = readScenario(path);
      const simulation = new Simulation(scenario, options.seed, { extensions: await loadExtensions(scenario) });
      simulation.runUntil(instantOf(options.at, scenario));
      const name = kindNamed(kind);
      process.stdout.write(name === "Event" ? eventsText(simulation, options) : objectsText(simulation, name, options));
    });
}

function objectsText(
  { api, clock, nowUs }: Simulation,
  kind: string,
  { namespace, json, wide }: InspectOptions,
): string {
  const objects = [...api.store.list(kind)].filter(
    ({ metadata }) => namespace === undefined || metadata.namespace === namespace,
  );
  if (json === true) return `${JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }, undefined, 1)}\n`;
  if (objects.length === 0) return "No resources found\n";
  const seconds = Math.floor(clock.epochUs(nowUs) / 1_000_000);
  return objectsTable(objects, seconds, { wide: wide === true, namespaced: true });
}

function eventsText({ api, clock, nowUs }: Simulation, { namespace, json }: InspectOptions): string {
  const hourAgoUs = nowUs - 3_600_000_000;
  const events = [...api.events.all(hourAgoUs)].filter(
    ({ key }) => namespace === undefined || key.startsWith(`${namespace}/`),
  );
  if (json === true) return `${JSON.stringify(events, undefined, 1)}\n`;
  const lines = events.map(({ lastUs, type, reason, kind, key, message, count }) => [
    clock.time(lastUs),
    type,
    reason,
    `${kind.toLowerCase()}/${key}`,
    count === 1 ? message : `${message} (x${count})`,
  ]);
  return plainTable(["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"], lines);
}
