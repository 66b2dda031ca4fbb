import { parseInstant, type Scenario, ScenarioError } from "../scenario/index.ts";

/** Virtual microseconds of `--at`. */
export function instantOf(text: string | undefined, scenario: Scenario): number {
  if (text === undefined) return scenario.warmUpUs + scenario.durationUs;
  const us = parseInstant(text, scenario);
  if (us !== undefined) return us;
  const at = { file: "--at", line: 1, column: 1 };
  throw new ScenarioError([
    {
      code: "BAD_INSTANT",
      at,
      path: "",
      expected: 'a clock time or a duration such as "90s"',
      found: JSON.stringify(text),
    },
  ]);
}
