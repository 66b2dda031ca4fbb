import type { RunResult } from "../report/index.ts";
import { simulate } from "../simulate.ts";
import type { Trial } from "./executor.ts";

/** What a worker thread does with a trial. */
export default function work({ scenario, seed }: Trial): RunResult {
  return simulate(scenario, seed);
}
