import { Command } from "commander";
import { scenarioJsonSchema } from "../scenario/index.ts";

export function schemaCommand(): Command {
  return new Command("schema").description("print the JSON Schema of scenarios, for editors").action(() => {
    process.stdout.write(`${JSON.stringify(scenarioJsonSchema(), undefined, 2)}\n`);
  });
}
