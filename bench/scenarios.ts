import { readdirSync } from "node:fs";
import { readScenario } from "../src/scenario/index.ts";
import { simulate } from "../src/simulate.ts";

/** Every shipped scenario: the first run of a process, and the median of five more. */
export function benchScenarios(): void {
  console.log("| scenario | first run ms | median ms | events | ns/event |");
  console.log("| --- | ---: | ---: | ---: | ---: |");
  for (const name of readdirSync("scenarios").sort()) {
    const scenario = readScenario(`scenarios/${name}`);
    const times: number[] = [];
    let events = 0;
    for (let run = 0; run < 6; run += 1) {
      const began = process.hrtime.bigint();
      events = simulate(scenario, "1").counts.events;
      times.push(Number(process.hrtime.bigint() - began) / 1e6);
    }
    const [first, ...rest] = times;
    const median = rest.sort((a, b) => a - b)[2]!;
    console.log(
      `| ${name} | ${first!.toFixed(0)} | ${median.toFixed(0)} | ${events} | ${((median * 1e6) / events).toFixed(0)} |`,
    );
  }
}
