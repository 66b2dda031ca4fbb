import { Command } from "commander";
import { runResultJsonSchema } from "../report/index.ts";
import { scenarioJsonSchema } from "../scenario/index.ts";

export function schemaCommand(): Command {
  return new Command("schema")
    .description("print the JSON Schema of scenarios, for editors")
    .option("--result", "that of results instead")
    .action(({ result }: { readonly result?: boolean }) => {
      const schema = result === true ? runResultJsonSchema() : scenarioJsonSchema();
      process.stdout.write(`${JSON.stringify(schema, undefined, 2)}\n`);
    });
}
