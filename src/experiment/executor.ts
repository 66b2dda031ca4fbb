import { availableParallelism } from "node:os";
import { Piscina } from "piscina";
import type { RunResult } from "../report/index.ts";
import type { Scenario } from "../scenario/index.ts";
import { simulate } from "../simulate.ts";
import { loadExtensions } from "./load-extensions.ts";

/** One run that an experiment asks for. */
export interface Trial {
  readonly scenario: Scenario;
  readonly seed: string;
}

/** Where trials run. Results come in the order of the trials, wherever they were made. */
export interface Executor {
  run(trials: readonly Trial[], done?: (index: number) => void): Promise<RunResult[]>;
  close(): Promise<void>;
}

/** One after another, here. */
export function inProcess(): Executor {
  return {
    run: async (trials, done) => {
      const results: RunResult[] = [];
      for (const [index, { scenario, seed }] of trials.entries()) {
        results.push(simulate(scenario, seed, { extensions: await loadExtensions(scenario) }));
        done?.(index);
      }
      return results;
    },
    close: async () => undefined,
  };
}

/** Side by side in worker threads, one a core; they load built JavaScript. */
export function workerThreads(threads: number = availableParallelism()): Executor {
  const pool = new Piscina({ filename: new URL("./worker.js", import.meta.url).href, maxThreads: threads });
  return {
    run: (trials, done) =>
      Promise.all(
        trials.map(async (trial, index) => {
          const result = (await pool.run(trial)) as RunResult;
          done?.(index);
          return result;
        }),
      ),
    close: () => pool.destroy(),
  };
}
