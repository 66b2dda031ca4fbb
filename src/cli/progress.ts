import { Presets, SingleBar } from "cli-progress";
import { loadExtensions } from "../experiment/index.ts";
import type { RunResult } from "../report/index.ts";
import type { Scenario } from "../scenario/index.ts";
import { Simulation } from "../simulate.ts";

/** Events between two looks at the terminal and at Ctrl-C. */
const slice = 20_000;

/**
 * Runs to the end and draws virtual against real time on stderr. Interrupted, it returns what there is so far. Drawing
 * happens between slices of the run and cannot change it.
 */
export async function runWithProgress(scenario: Scenario, seed: string, quiet: boolean): Promise<RunResult> {
  const began = process.hrtime.bigint();
  const simulation = new Simulation(scenario, seed, { extensions: await loadExtensions(scenario) });
  const bar =
    quiet || !process.stderr.isTTY
      ? undefined
      : new SingleBar(
          {
            format: "{bar} {percentage}% | {virtual} of {all} virtual | {duration_formatted}",
            stream: process.stderr,
            hideCursor: true,
          },
          Presets.shades_classic,
        );
  bar?.start(simulation.endUs, 0, { virtual: "0 s", all: `${scenario.durationUs / 1_000_000} s` });
  let interrupted = false;
  const stop = (): void => {
    interrupted = true;
  };
  process.once("SIGINT", stop);
  while (!interrupted && simulation.step(slice) === "more") {
    bar?.update(simulation.nowUs, {
      virtual: `${Math.max(0, Math.round((simulation.nowUs - scenario.warmUpUs) / 1_000_000))} s`,
    });
    await new Promise((resolve) => setImmediate(resolve));
  }
  process.removeListener("SIGINT", stop);
  bar?.stop();
  const milliseconds = Number((process.hrtime.bigint() - began) / 1_000_000n);
  if (interrupted)
    process.stderr.write(
      `interrupted at ${(simulation.nowUs - scenario.warmUpUs) / 1_000_000} s of virtual time; what follows is what was until then\n`,
    );
  if (!quiet)
    process.stderr.write(
      `${scenario.durationUs / 1_000_000} s of virtual time in ${milliseconds} ms, ${simulation.loop.firedEvents} events\n`,
    );
  return simulation.result();
}
