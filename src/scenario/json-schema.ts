import { z } from "zod";
import { scenarioSchema } from "./scenario-schema.ts";

/** The JSON Schema of what users write, for editors. */
export function scenarioJsonSchema(): object {
  return z.toJSONSchema(scenarioSchema, { io: "input", unrepresentable: "any" });
}
