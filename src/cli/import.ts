import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import CliTable from "cli-table3";
import { Command } from "commander";
import {
  type FillInput,
  type FillSummary,
  fill,
  fillTables,
  renderFillHtml,
  renderFillMarkdown,
  summarizePolicy,
} from "../experiment/index.ts";
import { openbPolicies, openbReplayFiles, parseOpenbNodes, parseOpenbPods, ScenarioError } from "../scenario/index.ts";
import { echartsSource } from "./echarts-source.ts";
import { seedsFrom } from "./seeds.ts";

interface OpenbOptions {
  readonly out: string;
  readonly seed: string;
  readonly seeds: string;
  readonly speed: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** What users have elsewhere becomes scenarios. */
export function importCommand(): Command {
  return new Command("import").description("make a scenario of a recorded trace").addCommand(openbCommand());
}

function openbCommand(): Command {
  return new Command("openb")
    .description("Alibaba's openb GPU trace: compare six placement policies on it, and make a scenario that replays it")
    .argument("<nodes>", "openb_node_list_gpu_node.csv")
    .argument("<pods>", "openb_pod_list_default.csv, or one like it")
    .option("-o, --out <folder>", "where the scenario and the comparison go", "openb")
    .option("--seed <seed>", "first seed of the fills", "1")
    .option("--seeds <count>", "how many seeds each policy fills the machines under; 0: only the scenario", "10")
    .option("--speed <factor>", "pods of the replay come so many times faster than they did", "100")
    .option("--json", "print the comparison as JSON on stdout and nothing else")
    .option("--quiet", "no progress and no tables")
    .action((nodesFile: string, podsFile: string, options: OpenbOptions) => {
      const nodes = parseOpenbNodes(textOf(nodesFile), nodesFile);
      const pods = parseOpenbPods(textOf(podsFile), podsFile);
      const replay = openbReplayFiles(nodes, pods, { speed: Number(options.speed), policy: "FGD" });
      for (const [name, text] of replay) write(join(options.out, name), text);
      const seeds = seedsFrom(options.seed, Number(options.seeds));
      if (seeds.length === 0) return;
      const summary = compareFills({ nodes, pods }, seeds, options.quiet === true);
      write(join(options.out, "fill.json"), `${JSON.stringify(summary, undefined, 1)}\n`);
      write(join(options.out, "fill.md"), renderFillMarkdown(summary));
      write(join(options.out, "fill.html"), renderFillHtml(summary, echartsSource()));
      if (options.json === true) process.stdout.write(`${JSON.stringify(summary, undefined, 1)}\n`);
      else if (options.quiet !== true) process.stdout.write(tablesText(summary, options.out));
    });
}

/** Every policy fills the machines under every seed; equal seeds bring equal pods. */
function compareFills(input: FillInput, seeds: readonly string[], quiet: boolean): FillSummary {
  const { nodes, pods } = input;
  const all = openbPolicies.length * seeds.length;
  let done = 0;
  const policies = openbPolicies.map((policy) => {
    const curves = seeds.map((seed) => {
      const curve = fill(input, policy, seed);
      done += 1;
      if (!quiet) process.stderr.write(`\r${done} of ${all} fills`);
      return curve;
    });
    return summarizePolicy(policy, curves);
  });
  if (!quiet) process.stderr.write("\n");
  const gpus = nodes.reduce((sum, node) => sum + node.gpus, 0);
  return { nodes: nodes.length, gpus, pods: pods.length, seeds, policies };
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    const at = { file, line: 1, column: 1 };
    throw new ScenarioError([{ code: "MISSING_FILE", at, path: "", expected: "a file that exists", found: file }]);
  }
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

function tablesText(summary: FillSummary, out: string): string {
  const tables = fillTables(summary).map(({ title, head, rows }) => {
    const table = new CliTable({ head: [...head], style: { head: [], border: [] } });
    table.push(...rows.map((row) => [...row]));
    return `${title} (mean ± standard deviation over ${summary.seeds.length} seeds)\n${table.toString()}\n`;
  });
  return `${tables.join("\n")}\nPlots: ${join(out, "fill.html")}; the replay: seatrial run ${out}\n`;
}
