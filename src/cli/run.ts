import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { type RunResult, renderCsv, renderHtml, renderJunit, renderMarkdown, renderTerminal } from "../report/index.ts";
import { readScenario } from "../scenario/index.ts";
import { echartsSource } from "./echarts-source.ts";
import { exitCode } from "./exit-code.ts";
import { runWithProgress } from "./progress.ts";

/** Where a run's report goes: by default `reports/` of the folder one stands in, under the scenario's name. */
export function runCommand(): Command {
  return new Command("run")
    .description("run a scenario, print the answer, and write its report")
    .argument("<scenario>", "a scenario file, or a folder with scenario.yaml")
    .option("--seed <seed>", "luck of the run", "1")
    .option("--out <folder>", "where reports are written", "reports")
    .option("--json", "print the result as JSON on stdout and nothing else")
    .option("--quiet", "no progress and no summary")
    .option("--csv", "also write the series as CSV")
    .option("--junit", "also write the expectations as JUnit XML")
    .action(async (path: string, options: RunOptions) => {
      const scenario = readScenario(path);
      const result = await runWithProgress(scenario, options.seed, options.quiet === true);
      writeReports(result, options);
      if (options.json === true) process.stdout.write(`${JSON.stringify(result, undefined, 1)}\n`);
      else if (options.quiet !== true) process.stdout.write(renderTerminal(result, wantsColor()));
      process.exitCode = result.verdict === "failed" ? exitCode.failed : exitCode.held;
    });
}

interface RunOptions {
  readonly seed: string;
  readonly out: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly csv?: boolean;
  readonly junit?: boolean;
}

/** Colour only on a terminal, and never against NO_COLOR. */
function wantsColor(): boolean {
  return process.stdout.isTTY === true && (process.env["NO_COLOR"] ?? "") === "";
}

function writeReports(result: RunResult, { out, csv, junit }: Pick<RunOptions, "out" | "csv" | "junit">): void {
  mkdirSync(out, { recursive: true });
  const write = (ending: string, text: string): void => writeFileSync(join(out, `${result.scenario}.${ending}`), text);
  write("json", `${JSON.stringify(result, undefined, 1)}\n`);
  write("md", renderMarkdown(result));
  write("html", renderHtml(result, echartsSource()));
  if (csv === true) write("csv", renderCsv(result));
  if (junit === true) write("junit.xml", renderJunit(result));
}
