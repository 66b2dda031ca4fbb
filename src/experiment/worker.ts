import type { RunResult } from "../report/index.ts";
import { simulate } from "../simulate.ts";
import type { Trial } from "./executor.ts";
import { loadExtensions } from "./load-extensions.ts";

/** What a worker thread does with a trial. */
export default async function work({ scenario, seed }: Trial): Promise<RunResult> {
  return simulate(scenario, seed, { extensions: await loadExtensions(scenario) });
}
