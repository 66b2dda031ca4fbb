#!/usr/bin/env node
import { Command, CommanderError } from "commander";
import { complaintText, ScenarioError } from "../scenario/index.ts";
import { compareCommand } from "./compare.ts";
import { describeCommand } from "./describe.ts";
import { exitCode } from "./exit-code.ts";
import { explainCommand } from "./explain.ts";
import { exploreCommand } from "./explore.ts";
import { importCommand } from "./import.ts";
import { initCommand } from "./init.ts";
import { inspectCommand } from "./inspect.ts";
import { planCommand } from "./plan.ts";
import { runCommand } from "./run.ts";
import { schemaCommand } from "./schema.ts";
import { validateCommand } from "./validate.ts";

const program = new Command("seatrial")
  .description("Sea trials for a Kubernetes cluster: hours of cluster life in seconds of virtual time.")
  .showHelpAfterError()
  .exitOverride();

const commands = [
  runCommand(),
  compareCommand(),
  planCommand(),
  exploreCommand(),
  inspectCommand(),
  describeCommand(),
  explainCommand(),
  importCommand(),
  validateCommand(),
  initCommand(),
  schemaCommand(),
];
for (const command of commands) program.addCommand(command.copyInheritedSettings(program));

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : exitCode.badInput;
  } else if (error instanceof ScenarioError) {
    process.stderr.write(`${error.complaints.map(complaintText).join("\n")}\n`);
    process.exitCode = exitCode.badInput;
  } else {
    const words = process.argv.slice(2).join(" ");
    process.stderr.write(
      `${error instanceof Error ? error.stack : String(error)}\nThis is a bug of seatrial. It replays with: seatrial ${words}\n`,
    );
    process.exitCode = exitCode.ownBug;
  }
}
